/** Hostnames × containers: what each hostname answers inside each container. A page of it is so many hostnames, with every container of each. Pure. */
import type { Health } from '../../../domain/resources/health.ts';
import type { HostnameResource } from '../../../domain/resources/hostname.ts';
import { type Status, statusOf } from '../../words.ts';

export interface Cell extends Status {
  readonly latencyMs: number | null;
  readonly reason: string | null;
}

const cellOf = ({ verdict, latencyMs, reason }: Health): Cell => ({ ...statusOf(verdict), latencyMs, reason });

export interface Matrix {
  readonly containers: readonly string[];
  /** One cell a container; null: it was never probed there. */
  readonly rows: readonly (HostnameResource & { readonly cells: readonly (Cell | null)[] })[];
}

/** A row for each of these hostnames, probed or not: what is missing is shown as missing. */
export function matrixOf(hostnames: readonly HostnameResource[], health: readonly Health[]): Matrix {
  const containers = containersIn(health);
  const cells = new Map(health.map((each) => [`${each.hostname} ${each.container}`, cellOf(each)]));
  return { containers, rows: hostnames.map((each) => ({ ...each, cells: containers.map((container) => cells.get(`${each.hostname} ${container}`) ?? null) })) };
}

export const containersIn = (health: readonly Health[]): string[] => [...new Set(health.map(({ container }) => container))].sort();

/** A page of the matrix holds so many hostnames, so that it stays light with many containers. */
export const rowsFor = (containers: number): number => Math.max(2, Math.min(50, Math.floor(MOST_CELLS / Math.max(1, containers))));
const MOST_CELLS = 500;
