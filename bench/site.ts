/**
 * A site's database: cloned from its release's template, against the yardstick, `manage.py migrate` of the same release
 * into an empty database. The goal is under 0.5 s, and at least 20 × faster (BUDGETS). Also how Postgres copies:
 * through the write-ahead log, or as files.
 *
 * REEVE_BENCH_POSTGRES_URL names a server to measure on; else one is started below the temporary directory, without
 * fsync: then the figures are of the work and not of the disk.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installRelease, migrate, throwawaySite } from '../src/codebase/index.ts';
import { makeId, type IdKind } from '../src/domain/id.ts';
import type { SiteFileDatabase } from '../src/domain/site-file.ts';
import { createDatabase, dropDatabase } from '../src/sites/database.ts';
import { templateName } from '../src/sites/names.ts';
import { createRole, dropRole } from '../src/sites/role.ts';
import { openSitesServer } from '../src/sites/server.ts';
import { dropSnapshot, snapshotDatabase } from '../src/sites/snapshot.ts';
import { createTemplate, dropTemplate } from '../src/sites/template.ts';
import { EXAMPLE, pythonTools } from '../test/codebase/tools.ts';
import { startOwnServer } from '../test/postgres-server.ts';
import { type Measured, measured, print } from './table.ts';

const RUNS = 10;
const MIGRATIONS = 5;
const id = (kind: IdKind) => makeId(kind, randomBytes(9));

export async function run(): Promise<{ name: string; measured: Measured[]; ratio: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-bench-site-'));
  chmodSync(directory, 0o755);
  const given = process.env.REEVE_BENCH_POSTGRES_URL;
  const own = given ? null : await startOwnServer();
  const server = openSitesServer(given ?? own!.url, 'bench');
  const sitesKey = randomBytes(32);
  const release = id('r');
  try {
    const installed = await installRelease({
      path: EXAMPLE, releasesDir: join(directory, 'releases'), releaseId: release, ...await pythonTools(directory),
    });
    const migrated = async (database: SiteFileDatabase) => {
      const site = await throwawaySite(directory, { url: '/static/', root: installed.static }, '/media/', { database });
      await migrate({ release: installed, site });
    };
    const empty: number[] = [];
    for (let i = 0; i < MIGRATIONS; i += 1) {
      const yardstick = id('r');
      await createTemplate(server, yardstick, async (database) => {
        empty.push(await timed(() => migrated(database)));
      });
      await dropTemplate(server, yardstick);
    }
    await createTemplate(server, release, migrated);

    const [roles, clones, pauses, wal, files]: number[][] = [[], [], [], [], []];
    for (let i = 0; i < RUNS; i += 1) {
      const site = id('s');
      roles!.push(await timed(() => createRole(server, sitesKey, { site, version: 1, connections: 5 })));
      clones!.push(await timed(() => createDatabase(server, { site, release, connections: 5 })));
      const run = id('w');
      pauses!.push((await snapshotDatabase(server, site, run)).pausedMs);
      await dropSnapshot(server, site, run);
      await dropDatabase(server, site);
      await dropRole(server, site);
      for (const [strategy, into] of [['wal_log', wal!], ['file_copy', files!]] as const) {
        into.push(await timed(() => server.query(`create database bench_copy template ${templateName(release)} strategy ${strategy}`)));
        await server.query('drop database bench_copy');
      }
    }
    await dropTemplate(server, release);
    const rows = [
      measured('manage.py migrate, empty database', empty), measured('site: role', roles!), measured('site: database, cloned', clones!),
      measured('copy alone, wal_log', wal!), measured('copy alone, file_copy', files!), measured('snapshot: site without its database', pauses!),
    ];
    const ratio = rows[0]!.median / (rows[1]!.median + rows[2]!.median);
    print('a site’s database', rows);
    console.log(`  role and database: ${ratio.toFixed(1)} × faster than migrating`);
    return { name: 'site', measured: rows, ratio };
  } finally {
    await server.close();
    await own?.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

if (import.meta.main) await run();
