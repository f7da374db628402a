/**
 * Every page of the dashboard, and what lists are asked for, on a platform that is full (bench/full-platform.ts): the
 * server's time of each, and its size, beside a page that asks nothing. Goals (BUDGETS): under 100 ms and under 200 KB.
 */
import { all } from '../src/dashboard/pages/index.ts';
import { startApi } from '../test/api/harness.ts';
import { person } from '../test/api/people.ts';
import { fillPlatform, SITES } from './full-platform.ts';
import { measured, type Measured, print } from './table.ts';

const RUNS = 15;
const GOAL_MS = 100;
const GOAL_BYTES = 200 * 1_024;
/** Of the pages, those that ask an agent, of which none runs here; what reads all of the audit on purpose; and what is no page. */
const LEFT_OUT = ['/stream', '/sites/{site}/logs', '/sites/{site}/latency.json', '/audit/verify', '/containers/{container}/drift', '/sign-in/device'];
/** What lists are asked for. */
const ASKED = [
  '/sites?sort=-created', '/sites?q=-77', '/sites?q=nothing-like-it', '/sites?state=degraded', '/sites?state=active',
  '/audit?action=site.updated', '/audit?subject=site:s900000077', '/events?site=s900000077', '/incidents?state=closed',
  '/people?q=ann', '/containers?q=c9',
];

type Row = Measured & { readonly kilobytes: number };

export async function run(): Promise<{ name: string; sites: number; rows: Row[] }> {
  const api = await startApi();
  try {
    const values = await fillPlatform(api);
    const { cookie } = await person(api, 'Root', [{ role: 'owner' }]);
    const rows: Row[] = [];
    const failed = new Set<string>();
    const pages = all.filter(({ method, path, open }) => method === 'GET' && !open && !LEFT_OUT.includes(path))
      .map(({ path }) => path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? 'x')));
    for (const path of ['/sites/new', ...pages, ...ASKED]) {
      const times: number[] = [];
      let size = 0;
      for (let i = 0; i <= RUNS; i++) {
        const began = performance.now();
        const answer = await fetch(api.url + path, { headers: { cookie, accept: 'text/html' }, redirect: 'manual' });
        size = (await answer.arrayBuffer()).byteLength;
        if (answer.status >= 400) {
          failed.add(`${path}: ${answer.status}`);
          break;
        }
        // The first one reads what the others find read.
        if (i > 0) times.push(performance.now() - began);
      }
      if (times.length === 0) continue;
      const kilobytes = Math.round(size / 1_024);
      const one = measured(`${path}, ${kilobytes} KB`, times);
      rows.push({ ...one, what: `${one.what}${one.median > GOAL_MS || size > GOAL_BYTES ? ' (!)' : ''}`, kilobytes });
    }
    print(`dashboard, ${SITES} sites; (!): over ${GOAL_MS} ms or ${GOAL_BYTES / 1_024} KB`, rows);
    if (failed.size > 0) throw new Error(`not answered: ${[...failed].join(', ')}`);
    return { name: 'dashboard', sites: SITES, rows };
  } finally {
    await api.close();
  }
}

if (import.meta.main) await run();
