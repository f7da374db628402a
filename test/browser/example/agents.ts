/**
 * What answers in the example's containers: the agents' own listener over log files, with a description of files that is
 * true but for one, which somebody edited in the container that fails. Nothing runs there.
 */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { streamLogs } from '../../../src/agent/listener/logs.ts';
import { type AgentListener, type Handlers, openListener } from '../../../src/agent/listener/server.ts';
import { readSnapshot } from '../../../src/database/snapshot.ts';
import { bucketDigests, bucketOf, type Description, fileDigest } from '../../../src/domain/drift.ts';
import { type Layout, places, RENDERER_VERSION } from '../../../src/domain/layout.ts';
import { masked } from '../../../src/domain/mask.ts';
import { agentToken } from '../../../src/domain/secrets.ts';
import type { EdgeAnswer } from '../../../src/domain/why.ts';
import { type Expectation, expectations } from '../../../src/integrity/expected.ts';
import { createLog } from '../../../src/log.ts';
import type { TestApi } from '../../api/harness.ts';
import type { Containers } from './containers.ts';
import type { Sites } from './sites.ts';

export interface Agents {
  /** One more line of the site's own log, in each container. */
  writeLine(site: string, line: string): void;
  close(): Promise<void>;
}

const EDITED = 'nginx/nginx.conf';
const edit = (text: string) => text.replace(/worker_connections \d+/, 'worker_connections 16');

export async function startAgents(api: TestApi, sites: Sites, { well, failing, edge }: Containers): Promise<Agents> {
  const { pool } = api.database;
  const base = mkdtempSync(join(tmpdir(), 'reeve-example-'));
  const expected = expectations(api.sitesKey);
  const open = async (container: string): Promise<{ layout: Layout; listener: AgentListener }> => {
    const root = join(base, container);
    const layout = {
      rendererVersion: RENDERER_VERSION, container, root, runDir: join(root, 'run'), listen: { address: '127.0.0.1', port: 8000 }, trusted: ['10.0.0.0/8'],
      releasesDir: '/srv/releases', storesDir: '/srv/stores', nginxUser: null, firstUid: null, toolsVenv: '/opt/reeve/tools', nginx: '/usr/sbin/nginx',
    } as unknown as Layout;
    const expectation = async () => expected.of(layout, await readSnapshot(pool), []);
    const token = agentToken(api.sitesKey, container, 1);
    const listener = await openListener({
      listen: { address: '127.0.0.1', port: 0 }, token: () => token, log: createLog({}, () => {}),
      handlers: {
        health: () => ({ ok: true }), metrics: async () => ({ contentType: 'text/plain', body: '' }), state: () => ({}), reconcile: async () => ({}),
        files: async (asked) => answer(await expectation(), asked as Asked, (path, text) => masked(path, text, api.sitesKey), container === failing),
        look: async () => (container === failing ? { answered: { ok: false, status: 502, ms: 31, reason: 'answered 502 instead of 200' }, vassal: 'failing', traceback: null }
          : { answered: { ok: true, status: 200, ms: 42, reason: null }, vassal: 'awake', traceback: null }),
        logs: (site, query, response) => streamLogs(layout, site, query, response), traceback: async () => null, exec: async (_site, _body, _request, response) => void response.end(),
      },
    });
    await pool.query('update container set agent_url = $2, layout = $3 where id = $1', [container, listener.url, JSON.stringify(layout)]);
    return { layout, listener };
  };
  const agents = await Promise.all([...well, failing].map(open));
  const atEdge = await openListener({
    listen: { address: '127.0.0.1', port: 0 }, token: () => null, log: createLog({}, () => {}),
    handlers: { answer: async (hostname: string) => ({ status: 200, ms: 44, container: well[0]!, tried: [], site: await siteOf(hostname), failure: null }) satisfies EdgeAnswer } as unknown as Handlers,
  });
  const siteOf = async (hostname: string) => (await pool.query<{ site: string }>('select site from hostname where hostname = $1 and deleted_at is null', [hostname])).rows[0]?.site ?? null;
  await pool.query('update container set agent_url = $2 where id = $1', [edge, atEdge.url]);
  const append = (path: string, line: string) => {
    mkdirSync(dirname(path), { recursive: true });
    appendFileSync(path, `${line}\n`);
  };
  const writeLine = (site: string, line: string) => {
    for (const { layout } of agents) append(join(places.logDir(layout, site), 'app.log'), line);
  };
  for (const [i, { layout }] of agents.entries()) for (const [n, [path, status]] of ([['/', 200], ['/news/', 200], ['/media/tulips.jpg', 304], ['/admin/login/', 200], ['/old-page/', 404]] as const).entries()) {
    const at = new Date(Date.now() - (300 - 40 * n - 7 * i) * 1_000).toISOString();
    append(join(layout.root, 'log/nginx-access.log'), JSON.stringify({ at, site: sites.garden, host: 'www.garden-club.org', method: 'GET', path, status: layout.container === failing ? 502 : status, ms: 38 + n }));
  }
  writeLine(sites.garden, `${new Date(Date.now() - 90_000).toISOString()} WARNING newsletter: no address for 2 of 140 members`);
  return {
    writeLine,
    async close() {
      await Promise.all([...agents.map(({ listener }) => listener), atEdge].map(async (listener) => await listener.close()));
      rmSync(base, { recursive: true, force: true });
    },
  };
}

interface Asked { readonly describe?: true; readonly buckets?: readonly number[]; readonly texts?: readonly string[] }

/** As `src/agent` answers `POST /files`. */
function answer(expected: Expectation, { buckets, texts }: Asked, mask: (path: string, text: string) => string, isEdited: boolean) {
  const text = (path: string) => (isEdited && path === EDITED ? edit(expected.textOf(path) ?? '') : expected.textOf(path));
  const manifest = new Map([...expected.manifest].map(([path, digest]) => [path, isEdited && path === EDITED ? fileDigest(text(path)!, 0o644, null) : digest]));
  if (texts) return { texts: Object.fromEntries(texts.map((path) => [path, mask(path, text(path) ?? '')])) };
  if (buckets) return { files: [...manifest].filter(([path]) => buckets.includes(bucketOf(path))).map(([path, digest]) => ({ path, digest, at: path })) };
  return {
    rendererVersion: RENDERER_VERSION, epoch: expected.epoch, generation: expected.generation, files: manifest.size, buckets: bucketDigests(manifest),
    configuration: `${expected.generation}-${expected.served}`, served: expected.served, emperor: true, notRunning: [], leftOut: [], heldBack: false,
    releases: [...expected.releases].map(([id, digest]) => ({ id, digest, differing: [] })),
  } satisfies Description;
}
