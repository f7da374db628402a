/** One sentence on whether all is well: the first thing that an operator would want to know, and nothing else. Pure. */
import type { Incident } from '../domain/resources/remediation.ts';
import type { Platform } from '../domain/resources/platform.ts';
import type { Tone } from './words.ts';
import { counted } from './words.ts';

export interface Verdict {
  readonly tone: Tone;
  readonly sentence: string;
  readonly detail: string;
}

/** What is worst goes first. Unknown is not well: it is said. */
export function verdictOf(platform: Platform, incidents: readonly Pick<Incident, 'severity' | 'title'>[]): Verdict {
  const { containers, health, paused } = platform;
  const ready = containers.ready ?? 0;
  const served = `${counted(hostnamesOf(platform), 'hostname')} of ${counted(sitesOf(platform), 'site')}`;
  const critical = incidents.filter(({ severity }) => severity === 'critical');
  if (ready === 0) {
    return (containers.starting ?? 0) > 0
      ? { tone: 'busy', sentence: 'The cluster is starting.', detail: 'No container is ready yet.' }
      : { tone: 'bad', sentence: 'No container is ready.', detail: 'Nobody is served until one is.' };
  }
  if (critical.length > 0) {
    return { tone: 'bad', sentence: critical.length === 1 ? 'Something is badly wrong.' : `${critical.length} things are badly wrong.`, detail: critical[0]!.title };
  }
  if ((containers.lost ?? 0) > 0) {
    return { tone: 'bad', sentence: `${counted(containers.lost!, 'container')} ${containers.lost === 1 ? 'has' : 'have'} gone silent.`, detail: 'Its lease has lapsed; the edge sends it nothing.' };
  }
  if (health.down > 0) {
    return { tone: 'bad', sentence: `${counted(health.down, 'hostname')} ${health.down === 1 ? 'does' : 'do'} not answer.`, detail: 'Counted in each container by itself.' };
  }
  if (incidents.length > 0) {
    return { tone: 'warn', sentence: `${counted(incidents.length, 'incident')} ${incidents.length === 1 ? 'is' : 'are'} open.`, detail: incidents[0]!.title };
  }
  if (paused) return { tone: 'warn', sentence: 'Mending is paused.', detail: 'Reeve watches, and does nothing by itself until it is resumed.' };
  if (!platform.converged) {
    const behind = platform.behind.length;
    return { tone: 'busy', sentence: `Containers are taking over generation ${platform.generation}.`, detail: `${counted(behind, 'container')} ${behind === 1 ? 'is' : 'are'} not there yet.` };
  }
  if (health.unknown > 0) {
    return { tone: 'warn', sentence: 'Not everything is known.', detail: `${counted(health.unknown, 'hostname')} in a container ${health.unknown === 1 ? 'was' : 'were'} not probed lately.` };
  }
  if (health.slow > 0) return { tone: 'warn', sentence: `${counted(health.slow, 'hostname')} ${health.slow === 1 ? 'is' : 'are'} slow.`, detail: `All ${served} answer.` };
  return { tone: 'good', sentence: 'All is well.', detail: `${served} in ${counted(ready, 'container')}.` };
}

export const sitesOf = ({ sites }: Platform): number => Object.entries(sites).reduce((all, [phase, count]) => (phase === 'deleted' ? all : all + count), 0);
export const hostnamesOf = ({ hostnames }: Platform): number => Object.values(hostnames).reduce((all, count) => all + count, 0);
