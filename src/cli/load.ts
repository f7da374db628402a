import type { Container } from './resources.ts';

/** What a container carries, on one line; null where nothing was measured. */
export function loadOf({ load }: Container): string | null {
  if (!load) return null;
  return [
    load.cpu === null ? null : `${percent(load.cpu)} of its cores`,
    load.memory === null ? null : `${percent(load.memory)} of its memory`,
    load.requests === null ? null : `${load.requests} requests a second`,
    `${load.awake} awake`,
  ].filter((part) => part !== null).join(', ');
}

export function percent(share: number | null | undefined): string | null {
  return share === null || share === undefined ? null : `${Math.round(share * 100)} %`;
}
