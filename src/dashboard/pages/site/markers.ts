/** What happened while latencies were measured: changes of the site, and what was done to the containers that it is served in. Pure. */
import type { Container } from '../../../domain/resources/container.ts';
import type { Event } from '../../../domain/resources/record.ts';
import type { Run } from '../../../domain/resources/run.ts';
import { address, path } from '../../address.ts';
import { grouped, spaced } from '../../words.ts';

export interface Marker {
  /** Seconds since 1970, as the chart counts. */
  readonly at: number;
  /** `change`: the containers take over a generation, and reload what it changes; `container`: one begins anew, or is made anew. */
  readonly kind: 'change' | 'container';
  readonly label: string;
  readonly href: string;
}

/** What makes a container's files anew, or puts another in its place. */
export const CONTAINER_RUNS = ['regenerateContainer', 'remediateContainer', 'replaceContainer'] as const satisfies readonly Run['type'][];

/**
 * Oldest first. A run of a container is marked where it began, since that is when the container is touched.
 * @param from what is older is left out
 */
export function markersOf(
  { events, containers, runs, from }: {
    events: readonly Event[];
    containers: readonly Pick<Container, 'id' | 'role' | 'incarnation' | 'startedAt'>[];
    runs: readonly Pick<Run, 'id' | 'type' | 'subject' | 'claimedAt'>[];
    from: Date;
  },
): Marker[] {
  const seconds = (at: string) => Date.parse(at) / 1_000;
  const changes = events.map(({ id, at, type, metadata }): Marker => ({
    at: seconds(at), kind: 'change', label: `${spaced(type)}, generation ${grouped(id)}`,
    href: typeof metadata.run === 'string' ? path`/runs/${metadata.run}` : address('/events', { site: metadata.site as string, type }),
  }));
  const starts = containers.filter(({ role }) => role === 'site').map(({ id, incarnation, startedAt }): Marker => ({
    at: seconds(startedAt), kind: 'container', label: incarnation > 1 ? `${id} started again` : `${id} started`, href: path`/containers/${id}`,
  }));
  const works = runs.filter(({ claimedAt }) => claimedAt !== null).map(({ id, type, subject, claimedAt }): Marker => ({
    at: seconds(claimedAt!), kind: 'container', label: `${spaced(type)} ${subject.slice(subject.indexOf(':') + 1)}`, href: path`/runs/${id}`,
  }));
  return [...changes, ...starts, ...works].filter(({ at }) => at >= from.getTime() / 1_000).sort((a, b) => a.at - b.at);
}
