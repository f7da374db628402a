import { type DatabaseFact, judgeServer, type ServerAnswer } from '../../domain/database-state.ts';
import { isReeveError } from '../../domain/errors.ts';
import { readConnections } from '../../sites/connections.ts';
import type { SitesServer } from '../../sites/server.ts';

/** The judge holds its lock in a transaction meanwhile, which Postgres ends after 10 s without a word. */
const WITHIN_MS = 4_000;
/** Postgres: too_many_connections. */
const TOO_MANY = '53300';

/** Ask the server that this worker administers; of another one it knows nothing. */
export function askingOf(server: Pick<SitesServer, 'id' | 'query'>): (servers: readonly string[]) => Promise<readonly DatabaseFact[]> {
  return (servers) => Promise.all(servers.map(async (id) => judgeServer(id, id === server.id ? await answerOf(server) : null)));
}

async function answerOf(server: Pick<SitesServer, 'query'>): Promise<ServerAnswer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<ServerAnswer>((resolve) => { timer = setTimeout(resolve, WITHIN_MS, 'silent'); });
  try {
    return await Promise.race([readConnections(server).catch(refusedOrSilent), late]);
  } finally {
    clearTimeout(timer);
  }
}

function refusedOrSilent(error: unknown): ServerAnswer {
  const cause = isReeveError(error) ? error.cause : error;
  return (cause as { code?: string } | undefined)?.code === TOO_MANY ? 'refused' : 'silent';
}
