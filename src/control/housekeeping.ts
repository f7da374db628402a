import type { Log } from '../log.ts';
import { type Actor, commitChange } from '../database/change.ts';
import type { Pool } from '../database/pool.ts';
import { requestRun } from '../database/run.ts';
import { containersToEnd, dropExpired, hostnamesToProve, hostnamesToRelease, runsToSettle, sitesToPurge } from '../database/runs/overdue.ts';
import { newRequest } from '../database/runs/request.ts';
import { isReeveError } from '../domain/errors.ts';
import { type Loop, startLoop } from './loop.ts';

const ACTOR: Actor = { kind: 'system', id: 'housekeeping', name: 'Housekeeping' };

/** What time alone makes due: purges, containers that a run has left drained, runs to settle, proofs to look for again, reservations that lapse, rows kept for a while only. */
export function startHousekeeping({ pool, log, everyMs = 30_000 }: { pool: Pool; log: Log; everyMs?: number }): Loop {
  return startLoop({
    name: 'housekeeping', everyMs, log,
    async pass() {
      for (const site of await sitesToPurge(pool)) {
        await unlessTaken(async () => {
          await requestRun(pool, newRequest('purgeSite', { site }), ACTOR);
          log.info('purge requested', { site });
        });
      }
      for (const input of await runsToSettle(pool)) {
        await unlessTaken(async () => {
          await requestRun(pool, newRequest('settleRun', input), ACTOR);
          log.info('settling requested', { run: input.of, type: input.type });
        });
      }
      for (const { hostname, site } of await hostnamesToRelease(pool)) {
        await unlessTaken(async () => {
          await commitChange(pool, {
            actor: ACTOR, type: 'hostname.released', metadata: { site, hostname }, reason: 'not proved within 72 hours',
            writes: [{ table: 'hostname', op: 'delete', key: { hostname }, expect: { site, phase: 'reserved' } }],
          });
          log.info('hostname released', { hostname, site });
        });
      }
      for (const binding of await hostnamesToProve(pool)) {
        await unlessTaken(() => requestRun(pool, newRequest('bindHostname', binding), ACTOR));
      }
      for (const left of await containersToEnd(pool)) {
        await unlessTaken(async () => {
          await requestRun(pool, newRequest('drainContainer', left), ACTOR);
          log.info('end requested of a container that was drained', { ...left });
        });
      }
      const dropped = await dropExpired(pool);
      if (Object.keys(dropped).length > 0) log.info('expired rows dropped', dropped);
    },
  });
}

/** Someone may have taken it since it was read: then it is not due any more. */
async function unlessTaken(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!isReeveError(error) || error.type === 'unavailable') throw error;
  }
}
