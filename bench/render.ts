/**
 * What rendering costs: from desired state to files that nginx has tested, at 100, 1,000 and 10,000 sites of two
 * hostnames each; and the same sites laid out in the two other ways that were considered.
 *
 * REEVE_BENCH_NGINX names the nginx to measure with, else it is the one that set-up chose. Files go to /dev/shm where there is one.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Desired } from '../src/domain/desired.ts';
import { type Layout, places } from '../src/domain/layout.ts';
import { createContainerRenderer } from '../src/render/container.ts';
import { hostname, layout, makeRoot, many, scratch, site, siteId, sitesKey, writeFiles } from '../test/render/fixture.ts';
import { type Measured, measured, print } from './table.ts';

const RUNS = 7;
const nginx = process.env.REEVE_BENCH_NGINX ?? process.env.REEVE_TEST_NGINX ?? 'nginx';

export async function run(): Promise<{ name: string; measured: Measured[]; megabytes: Record<string, number> }> {
  const all: Measured[] = [];
  const megabytes: Record<string, number> = {};
  for (const sites of [100, 1_000, 10_000]) {
    const root = scratch('bench');
    try {
      const l = layout(root);
      makeRoot(l);
      const rows = [...rendering(l, sites), ...(await testing(l, sites, megabytes))];
      print(`${sites} sites, ${2 * sites} hostnames`, rows);
      all.push(...rows.map((row) => ({ ...row, what: `${sites} sites: ${row.what}` })));
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  }
  console.log('\nlargest resident memory of nginx -t, MB');
  for (const [what, size] of Object.entries(megabytes)) console.log(`  ${what}  ${size}`);
  return { name: 'render', measured: all, megabytes };
}

function rendering(l: Layout, sites: number): Measured[] {
  const state = many(sites);
  const first = times(() => createContainerRenderer(l, { sitesKey }).render(state, new Map()));

  const renderer = createContainerRenderer(l, { sitesKey });
  renderer.render(state, new Map());
  let generation = 1;
  const bound = times(() => {
    const name = `new${++generation}.example.org`;
    const next: Desired = { ...state, generation, hostnames: new Map(state.hostnames).set(name, hostname(name, 1, { role: 'alias', rev: generation })) };
    const start = performance.now();
    renderer.render(next, new Map());
    return performance.now() - start;
  }, 3 * RUNS);
  const changed = times(() => {
    const next: Desired = { ...state, generation: ++generation, sites: new Map(state.sites).set(siteId(1), site(1, { rev: generation, secretVersion: generation })) };
    const start = performance.now();
    renderer.render(next, new Map());
    return performance.now() - start;
  }, 3 * RUNS);
  const same = times(() => renderer.render({ ...state, generation: ++generation }, new Map()), 3 * RUNS);
  const { nginx: files } = renderer.render(state, new Map());
  const written = times(() => writeFiles(join(l.root, 'nginx', `w${++generation}`), files));
  return [
    measured('render all, first time', first), measured('render after one hostname', bound), measured('render after one site', changed),
    measured('render, nothing changed', same), measured('write nginx’s five files', written),
  ];
}

async function testing(l: Layout, sites: number, megabytes: Record<string, number>): Promise<Measured[]> {
  const ours = createContainerRenderer(l, { sitesKey }).render(many(sites), new Map()).nginx;
  const layouts: [string, ReadonlyMap<string, string>][] = [
    ['nginx -t: a line a site (this)', ours],
    ['nginx -t: a file a site', fileEach(ours)],
    ['nginx -t: a server block a site', serverEach(l, sites)],
  ];
  const rows: Measured[] = [];
  for (const [what, files] of layouts) {
    const directory = join(l.root, 'nginx', what.replace(/\W+/g, '-'));
    mkdirSync(join(directory, 'sites'), { recursive: true });
    writeFiles(directory, files);
    const runs: number[] = [];
    for (let i = 0; i < RUNS; i++) runs.push(await test(l, directory));
    rows.push(measured(what, runs));
    megabytes[`${sites} sites: ${what}`] = await memory(l, directory);
    rmSync(directory, { recursive: true });
  }
  return rows;
}

/** As ours, but each line of sites.conf is a file of its own, named in an index. */
function fileEach(ours: ReadonlyMap<string, string>): Map<string, string> {
  const files = new Map(ours);
  const lines = ours.get('sites.conf')!.trimEnd().split('\n');
  for (const line of lines) files.set(`sites/${line.slice(0, 10)}.conf`, `${line}\n`);
  files.set('sites.conf', lines.map((line) => `include sites/${line.slice(0, 10)}.conf;\n`).join(''));
  return files;
}

const PARAMETERS = [
  'QUERY_STRING $query_string', 'REQUEST_METHOD $request_method', 'CONTENT_TYPE $content_type', 'CONTENT_LENGTH $content_length',
  'REQUEST_URI $request_uri', 'PATH_INFO $document_uri', 'SERVER_PROTOCOL $server_protocol', 'REQUEST_SCHEME $scheme',
  'REMOTE_ADDR $remote_addr', 'REMOTE_PORT $remote_port', 'SERVER_PORT $server_port', 'SERVER_NAME $server_name',
];

/** What a template with a server for each site gives: the usual three locations, the usual parameters. */
function serverEach(l: Layout, sites: number): Map<string, string> {
  const servers = Array.from({ length: sites }, (_, i) => {
    const id = siteId(i + 1);
    return `server {
  listen 127.0.0.1:${l.listen.port};
  server_name site${i + 1}.localhost www.site-${i + 1}.example.org;
  location /static/ { alias ${l.releasesDir}/r000000001/static/; }
  location /media/ { alias ${places.storeDir(l, id)}/; }
  location / { include uwsgi.conf; uwsgi_pass unix:${places.siteSocket(l, id)}; }
}\n`;
  });
  return new Map([
    ['uwsgi.conf', PARAMETERS.map((parameter) => `uwsgi_param ${parameter};\n`).join('')],
    ['servers.conf', servers.join('')],
    ['nginx.conf', `pid ${l.root}/nginx/other.pid;\nevents { }\nhttp {\n  server_names_hash_max_size 131072;\n  server_names_hash_bucket_size 128;\n  include servers.conf;\n}\n`],
  ]);
}

const argumentsFor = (l: Layout, directory: string) => ['-t', '-q', '-p', `${l.root}/nginx`, '-e', 'stderr', '-c', `${directory}/nginx.conf`];

async function test(l: Layout, directory: string): Promise<number> {
  const start = performance.now();
  await new Promise<void>((resolve, reject) => {
    execFile(nginx, argumentsFor(l, directory), (error, _out, said) => (error ? reject(new Error(said || error.message)) : resolve()));
  });
  return performance.now() - start;
}

/** Megabytes at most, looked at while it runs. */
async function memory(l: Layout, directory: string): Promise<number> {
  let peak = 0;
  await new Promise<void>((resolve, reject) => {
    const child = execFile(nginx, argumentsFor(l, directory), (error) => {
      clearInterval(look);
      if (error) reject(error);
      else resolve();
    });
    const look = setInterval(() => {
      try {
        const [, size] = readFileSync(`/proc/${child.pid}/status`, 'utf8').match(/VmHWM:\s+(\d+)/) ?? [];
        peak = Math.max(peak, Number(size ?? 0) / 1_024);
      } catch {}
    }, 1);
  });
  return Math.round(peak);
}

/** Milliseconds of each run; what measures itself returns them. The first one warms the code up and is not counted. */
function times(work: () => unknown, runs = RUNS): number[] {
  const found: number[] = [];
  for (let i = 0; i <= runs; i++) {
    const start = performance.now();
    const own = work();
    found.push(typeof own === 'number' ? own : performance.now() - start);
  }
  return found.slice(1);
}

if (process.argv[1] === import.meta.filename) await run();
