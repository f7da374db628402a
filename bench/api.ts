/**
 * The API with 32 clients: reading one of 1,000 sites, and an audited change of one of them, beside a bare Express route
 * in the same process and the same run. Goals (BUDGETS): at least 2,000 reads and 300 changes a second.
 *
 * REEVE_BENCH_POSTGRES_URL names a server to measure on, else one without fsync is started.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Pool } from 'undici';
import { commitChange } from '../src/database/change.ts';
import { newId } from '../src/database/new-id.ts';
import { createToken } from '../src/database/tokens.ts';
import { testDatabase } from '../test/postgres.ts';
import { startOwnServer } from '../test/postgres-server.ts';

const CLIENTS = 32;
const SITES = 1_000;
const ROUNDS = 7;
const ROUND_MS = 2_000;

export interface Rate {
  readonly what: string;
  /** A second. */
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

const SYSTEM = { kind: 'system', id: 'bench', name: 'bench' } as const;

export async function run(): Promise<{ name: string; rates: Rate[] }> {
  const given = process.env.REEVE_BENCH_POSTGRES_URL;
  const own = given ? null : await startOwnServer();
  const database = await testDatabase(given ?? own!.url);
  let server: ChildProcess | undefined;
  const ids = Array.from({ length: SITES }, () => newId('s'));
  try {
    await commitChange(database.pool, {
      actor: SYSTEM, type: 'bench.seeded', metadata: {},
      writes: [
        { table: 'database_server', op: 'insert', values: { id: 'local', host: 'localhost', port: 5432 } },
        ...ids.flatMap((id, i) => [
          { table: 'site' as const, op: 'insert' as const, values: { id, name: `site${i}`, phase: 'live', database_server: 'local' } },
          { table: 'hostname' as const, op: 'insert' as const, values: { hostname: `site${i}.localhost`, site: id, role: 'primary', phase: 'bound' } },
        ]),
      ],
    });
    await database.pool.query('analyze');
    const { text: token } = await createToken(database.pool, { name: 'bench', role: 'owner', actor: SYSTEM });
    server = fork(new URL('./api-server.ts', import.meta.url), [database.url]);
    const [ports] = (await once(server, 'message')) as [{ api: number; bare: number }];

    const headers = { authorization: `Bearer ${token}` };
    const any = (n: number) => ids[(n * 7919) % SITES]!;
    const kinds = {
      'bare Express route': loader(ports.bare, () => ({ method: 'GET', path: '/bare' })),
      'read a site': loader(ports.api, (n) => ({ method: 'GET', path: `/api/v1/sites/${any(n)}`, headers })),
      'audited change of a site': loader(ports.api, (n) => ({
        method: 'PATCH', path: `/api/v1/sites/${any(n)}`, headers: { ...headers, 'content-type': 'application/json', 'if-match': '*' },
        body: JSON.stringify({ settings: { threads: 1 + (n % 8) } }),
      })),
    };
    const rates: Record<string, number[]> = Object.fromEntries(Object.keys(kinds).map((what) => [what, []]));
    for (const load of Object.values(kinds)) await load(500);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [what, load] of Object.entries(kinds)) rates[what]!.push(await load(ROUND_MS));
    }
    const rows = Object.entries(rates).map(([what, all]) => rateOf(what, all));
    print(rows);
    return { name: 'api', rates: rows };
  } finally {
    server?.kill();
    await database.drop();
    await own?.stop();
  }
}

type Asked = Parameters<Pool['request']>[0];

/** As many requests as 32 clients get answered in that time; a second. @throws when one is not answered well */
function loader(port: number, ask: (n: number) => Asked): (ms: number) => Promise<number> {
  let n = 0;
  return async (ms) => {
    const pool = new Pool(`http://127.0.0.1:${port}`, { connections: CLIENTS, pipelining: 1 });
    const began = performance.now();
    let answered = 0;
    await Promise.all(Array.from({ length: CLIENTS }, async () => {
      while (performance.now() - began < ms) {
        const { statusCode, body } = await pool.request(ask(n++));
        if (statusCode !== 200) throw new Error(`${statusCode} ${await body.text()}`);
        await body.dump();
        answered += 1;
      }
    }));
    const took = performance.now() - began;
    await pool.close();
    return (answered * 1_000) / took;
  };
}

function rateOf(what: string, all: readonly number[]): Rate {
  const sorted = [...all].sort((a, b) => a - b);
  return { what, median: sorted[sorted.length >> 1]!, min: sorted[0]!, max: sorted.at(-1)!, runs: sorted.length };
}

function print(rows: readonly Rate[]): void {
  console.log(`\nthe API, ${CLIENTS} clients, ${SITES} sites`);
  for (const { what, median, min, max, runs } of rows) {
    const ratio = (median / rows[0]!.median).toFixed(2);
    console.log(`  ${what.padEnd(26)} ${median.toFixed(0)}/s [${min.toFixed(0)}..${max.toFixed(0)}], ${runs} runs, ${ratio} of the bare route`);
  }
}

if (import.meta.main) await run();
