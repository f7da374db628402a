/** How many of a database server's connections its sites may be given (DESIGN.md §4, Databases). Pure: the one place of that rule. */
import { ReeveError } from './errors.ts';

/** The rest is for the platform's own work, for migrations and for people who look for a fault. */
const USABLE = 0.8;

/** @param most what the server takes (`max_connections`) */
export const usableConnections = (most: number): number => Math.floor(most * USABLE);

export interface Demand {
  /** What the server takes; null where nobody has asked it yet: then nothing is refused. */
  readonly most: number | null;
  /** The limits of its other sites, added up. */
  readonly given: number;
  /** The limit that one site is to have. */
  readonly asked: number;
}

/** @throws ReeveError `conflict` when the sites' limits would add up to more than they may be given; says how many are free */
export function requireRoom(server: string, { most, given, asked }: Demand): void {
  if (most === null) return;
  const usable = usableConnections(most);
  const free = Math.max(0, usable - given);
  if (asked <= free) return;
  throw new ReeveError('conflict',
    `the database server ${server} takes ${most} connections, of which sites may be given ${usable}: ${given} are given, so ${free} are free, and ${asked} do not fit`,
    { databaseServer: server, given, asked, usable, free, errors: [{ path: 'settings.connections', message: `only ${free} connections are free on the database server ${server}` }] });
}
