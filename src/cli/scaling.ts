import type { Platform } from './resources.ts';
import { age } from './output/time.ts';

/** Why scaling did, or did not, act: its newest look, and the newest act where that was an earlier one. */
export function scalingLines({ scaling: { mode, min, max, latest, acted } }: Platform): [name: string, value: string | null][] {
  if (mode === 'off') return [['scaling', 'off']];
  const bounds = `${min} to ${max} containers`;
  return [
    ['scaling', latest ? `${bounds}; ${age(latest.at)} ago: ${sizingText(latest)}` : `${bounds}; not looked yet`],
    ['scaled', acted && acted.at !== latest?.at ? `${age(acted.at)} ago: ${sizingText(acted)}` : null],
  ];
}

function sizingText({ action, reason, container }: NonNullable<Platform['scaling']['latest']>): string {
  return action === 'none' ? reason : `${action} ${container ?? 'a container'}: ${reason}`;
}
