/** What a database server's own answer means for its sites. Pure. */

/** What a server says of its connections, asked as its superuser. */
export interface Connections {
  readonly used: number;
  readonly most: number;
  /** Of `most`, kept for superusers and for roles that may use the reserve: no site gets one of them. */
  readonly reserved: number;
  /** Who holds them, most first, a few. */
  readonly holders: readonly { readonly role: string; readonly count: number }[];
  /** Sites that hold as many as they may, and how many that is. */
  readonly atLimit: readonly { readonly site: string; readonly limit: number }[];
}

/** `silent`: no answer, or none in time. `refused`: not even a superuser gets a connection. Null: nobody could ask. */
export type ServerAnswer = Connections | 'silent' | 'refused' | null;

export interface DatabaseFact {
  readonly server: string;
  /** `full`: there is no connection left for a site. `unknown`: nobody could ask. */
  readonly state: 'well' | 'full' | 'silent' | 'unknown';
  /** In words, what is wrong; null when nothing is, or nobody knows. */
  readonly why: string | null;
  /** `role: n connections`, of a server that is full. */
  readonly seen: readonly string[];
  /** Site → the connections that it may have, all of which it holds. */
  readonly atLimit: ReadonlyMap<string, number>;
}

export function judgeServer(server: string, answer: ServerAnswer): DatabaseFact {
  const fact = { server, why: null, seen: [], atLimit: new Map<string, number>() };
  if (answer === null) return { ...fact, state: 'unknown' };
  if (answer === 'silent') return { ...fact, state: 'silent', why: 'does not answer' };
  if (answer === 'refused') return { ...fact, state: 'full', why: 'has no connection left, not even for the platform' };
  const { used, most, reserved, holders } = answer;
  const atLimit = new Map(answer.atLimit.map(({ site, limit }) => [site, limit]));
  if (used < most - reserved) return { ...fact, state: 'well', atLimit };
  return {
    ...fact, state: 'full', atLimit, why: `has no connection left for a site: ${used} are in use, ${most - reserved} is what sites may have`,
    seen: holders.map(({ role, count }) => `${role}: ${count} connections`),
  };
}
