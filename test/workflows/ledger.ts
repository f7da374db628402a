import type { PartsActivities } from '../../activities/platform/index.ts';
import { planUpgradeSettling } from '../../activities/platform/settle.ts';
import { containersToCheck } from '../../src/database/drift.ts';
import type { Pool } from '../../src/database/pool.ts';
import { readStragglers } from '../../src/database/runs/convergence.ts';
import { liveSite } from '../../src/database/runs/subject.ts';
import { ReeveError } from '../../src/domain/errors.ts';

/** The parts of sites as rows: what is made and dropped, idempotently, as the real activities do it. */
export function ledgerActivities(pool: Pool): PartsActivities {
  const make = (part: string) => async ({ site }: { site: string }) => {
    await pool.query('insert into made (site, part) values ($1, $2) on conflict do nothing', [site, part]);
  };
  const drop = (part: string) => async ({ site }: { site: string }) => {
    await pool.query('delete from made where site = $1 and part = $2', [site, part]);
  };
  const set = (part: string, to: string) => async ({ site }: { site: string }) => {
    await pool.query('update made set state = $3 where site = $1 and part = $2', [site, part, to]);
  };
  const versionOf = async (site: string) => (await liveSite(pool, site)).secretVersion;
  const nothing = async () => {};
  const ofStart = async ({ container, incarnation }: { container: string; incarnation: number }) => {
    const { rowCount } = await pool.query('select 1 from container where id = $1 and incarnation <> $2', [container, incarnation]);
    if (rowCount) throw new ReeveError('superseded', `container ${container} is not at incarnation ${incarnation}`);
  };
  const ran = async () => ({ ran: true, ms: 0 });
  return {
    createRole: make('role'), dropRole: drop('role'),
    createDatabase: make('database'), dropDatabase: drop('database'),
    lockDatabase: set('database', 'locked'), unlockDatabase: set('database', 'open'),
    async snapshotDatabase({ site }) {
      await make('snapshot')({ site });
      return { pausedMs: 0 };
    },
    dropSnapshot: drop('snapshot'),
    async migrateDatabase({ site, release }) {
      await set('database', `on ${release}`)({ site });
      return { ms: 0 };
    },
    async restoreSnapshot({ site }) {
      await set('database', 'restored')({ site });
      await drop('snapshot')({ site });
      return { restored: true, lost: { from: '2026-01-01T00:00:00.000Z', until: '2026-01-01T00:00:09.000Z' } };
    },
    planSettling: async (input) => await planUpgradeSettling(pool, input, async (site) =>
      (await pool.query(`select 1 from made where site = $1 and part = 'snapshot'`, [site])).rowCount === 1),
    createStore: make('store'), dropStore: drop('store'),
    lockStore: set('store', 'locked'), unlockStore: set('store', 'open'),
    async confirmRotatable({ site }) {
      return { from: await versionOf(site), settleMs: 0 };
    },
    letIntoDatabase: async ({ site, from }) => await make(`login v${from + 1}`)({ site }),
    shutOutOfDatabase: async ({ site }) => await drop(`login v${await versionOf(site) + 1}`)({ site }),
    letIntoStore: async ({ site, from }) => await make(`key v${from + 1}`)({ site }),
    shutOutOfStore: async ({ site }) => await drop(`key v${await versionOf(site) + 1}`)({ site }),
    async retireSecrets({ site, behind = [] }) {
      const heldBack = behind.length > 0 ? behind : await readStragglers(pool, site);
      for (let version = await versionOf(site) - 1; heldBack.length === 0 && version > 0; version--) {
        for (const part of [`login v${version}`, `key v${version}`]) await drop(part)({ site });
      }
      return { heldBack };
    },
    runCreatedHook: ran, runPrimaryChangedHook: ran,
    installRelease: async () => ({ digest: '-' }), prepareTemplate: async () => ({ made: true }), dropRelease: nothing,
    launch: nothing, awaitReady: async () => ({ incarnation: 1 }), drain: ofStart, end: ofStart,
    planIntegrity: async () => await containersToCheck(pool), recordUnanswered: nothing,
    judgeFiles: async ({ described }) => ({ verdict: described.files === 0 ? 'drift' : 'same', reason: null, drifted: described.files === 0 ? 1 : 0 }),
    planEdges: async () => await containersToCheck(pool, 'edge'), judgeEdge: async () => ({ verdict: 'same', reason: null, drifted: 0 }),
    planRegeneration: nothing, reportRegeneration: nothing,
  };
}
