/** A start waits for its parts, and never in silence: what it waits for is said after a while, and it ends in one line. */
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { listContainers } from '../../database/read/containers.ts';
import type { Pool } from '../../database/pool.ts';
import { ReeveError } from '../../domain/errors.ts';
import type { Container } from '../../domain/resources/container.ts';
import { tailOfLog } from '../log-file.ts';
import type { Report } from '../setup/installed.ts';

/** Milliseconds. */
export interface Patience {
  readonly tellEvery: number;
  readonly giveUpAfter: number;
}

/** Parts are ready within seconds; a small machine that recovers a database may take a minute. */
const PATIENCE: Patience = { tellEvery: 30_000, giveUpAfter: 5 * 60_000 };

/**
 * Wait until the API says that it is ready.
 * @param logFile the API's, where the reason stands when it is not
 * @param stopping ends the waiting
 * @throws ReeveError `unavailable` naming the log, with its last line; AbortError
 */
export async function untilApiReady(url: string, logFile: string, report: Report, stopping: AbortSignal, patience = PATIENCE): Promise<void> {
  // Not the shared dispatcher: a connection of its own, which no proxy of the person's is asked for.
  const dispatcher = new Agent({ connect: { timeout: 2_000 }, headersTimeout: 5_000, bodyTimeout: 5_000 });
  let said = 'it does not answer';
  const last = () => tailOfLog(logFile, 1);
  try {
    await waiting(patience, stopping, async () => {
      try {
        const { statusCode, body } = await request(`${url}/readyz`, { dispatcher, signal: stopping });
        const text = await body.text();
        if (statusCode === 200) return true;
        said = detailOf(text) ?? `it answers ${statusCode}`;
      } catch {
        said = 'it does not answer';
      }
      return false;
    }, () => report({ name: 'API', state: 'working', detail: `not ready yet: ${said}; ${logFile}: ${last()}` }), () => {
      throw new ReeveError('unavailable', `the API at ${url} did not become ready: ${said}; its log is ${logFile}: ${last()}`);
    });
  } finally {
    await dispatcher.destroy();
  }
}

/**
 * Wait until every container that is wanted running is ready, the edge too. At the end of patience one that lags is left
 * to the platform, which mends it, when others serve: what can be served is no reason to stop everything.
 *
 * @param logOf where a container's log is
 * @param stopping ends the waiting
 * @returns what is not ready, as lines
 * @throws ReeveError `not-converged` when nothing serves, with each container's state, what it waits on and its log; AbortError
 */
export async function untilContainersReady(
  pool: Pool, logOf: (container: string) => string, report: Report, stopping: AbortSignal, patience = PATIENCE,
): Promise<string[]> {
  let late: Container[] = [];
  let all: Container[] = [];
  const lines = () => late.map((one) => describe(one, logOf(one.id)));
  let left: string[] = [];
  await waiting(patience, stopping, async () => {
    all = (await listContainers(pool, { limit: 1_000 })).map(({ container }) => container).filter(({ wanted }) => wanted === 'running');
    late = all.filter(({ state, alive }) => state !== 'ready' || !alive);
    return all.length > 0 && late.length === 0;
  }, () => {
    for (const line of lines()) report({ name: 'Containers', state: 'working', detail: line });
  }, () => {
    left = lines();
    const serves = (role: Container['role']) => all.some((one) => one.role === role && !late.includes(one));
    if (serves('site') && serves('edge')) return;
    throw new ReeveError('not-converged', `no site can be served: ${left.join('; ') || 'the platform has no container'}`);
  });
  return left;
}

/** `cmd9nx2k4t (edge) is starting, waits on database: …; its log is …` */
function describe({ id, role, state, alive, waitingOn }: Container, log: string): string {
  const is = state === 'ready' && !alive ? 'silent (its lease has lapsed)' : state;
  const on = waitingOn.map((each) => `${each.on}: ${each.message}`).join(', ');
  return `${id}${role === 'edge' ? ' (edge)' : ''} is ${is}${on ? `, waits on ${on}` : ''}; its log is ${log}`;
}

async function waiting(
  patience: Patience, stopping: AbortSignal, done: () => Promise<boolean>, tell: () => void, giveUp: () => void,
): Promise<void> {
  const begun = Date.now();
  let told = begun;
  while (!(await done())) {
    const now = Date.now();
    if (now - begun >= patience.giveUpAfter) return giveUp();
    if (now - told >= patience.tellEvery) {
      told = now;
      tell();
    }
    await delay(50, undefined, { signal: stopping });
  }
}

function detailOf(text: string): string | null {
  try {
    return (JSON.parse(text) as { detail?: string }).detail ?? null;
  } catch {
    return null; // something else listens there
  }
}
