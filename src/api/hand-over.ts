import type { Pool } from '../database/pool.ts';
import { createClient, type TemporalConfig } from '../temporal/client.ts';
import { startRun } from '../temporal/start.ts';
import type { ApiOptions } from './deps.ts';
import type { ApiLog } from './log.ts';

export interface HandOver extends Required<Pick<ApiOptions, 'startRun' | 'temporalStatus'>> {
  close(): Promise<void>;
}

const STATUS_WITHIN_MS = 1_000;

/** Hands committed runs to Temporal. What does not arrive is started by the control worker's sweep. */
export function createHandOver(config: TemporalConfig, pool: Pool, log: ApiLog): HandOver {
  const client = createClient(config);
  const closing = new AbortController();
  const underWay = new Set<Promise<unknown>>();
  let away = false;
  const tell = (isAway: boolean, why = '') => {
    if (isAway !== away) log.info('Temporal', { was: away ? 'away' : 'here', now: isAway ? 'away' : 'here', ...(why ? { why } : {}) });
    away = isAway;
  };
  /** @returns why it did not work; null when it did */
  const ask = async (question: () => Promise<unknown>): Promise<string | null> => {
    const asked = client.withAbortSignal(closing.signal, question).then(() => null, (error: Error) => error.message);
    underWay.add(asked);
    const why = await asked;
    underWay.delete(asked);
    if (!closing.signal.aborted) tell(why !== null, why ?? '');
    return why;
  };
  return {
    startRun: (run) => void ask(() => startRun(client, pool, run)),
    async temporalStatus() {
      const why = await ask(() => client.withDeadline(Date.now() + STATUS_WITHIN_MS, () => client.workflowService.getSystemInfo({})));
      return why === null ? { connected: true } : { connected: false, message: why };
    },
    async close() {
      // Calls are ended before their channel is, which throws where nobody can catch it.
      closing.abort();
      await Promise.all(underWay);
      await client.connection.close();
    },
  };
}
