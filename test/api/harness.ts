/** The API on a real database, and a client of it. Each answer is checked against what its route says it answers. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApi } from '../../src/api/create.ts';
import type { ApiOptions } from '../../src/api/deps.ts';
import { commitChange, type Write } from '../../src/database/change.ts';
import { newId } from '../../src/database/new-id.ts';
import { createPool } from '../../src/database/pool.ts';
import { claimRun, finishRun } from '../../src/database/run.ts';
import { createToken } from '../../src/database/tokens.ts';
import type { Role } from '../../src/domain/permission.ts';
import { deriveAlertsKey, derivePeopleKey, deriveSitesKey } from '../../src/domain/secrets.ts';
import { API } from '../../src/domain/resources/links.ts';
import { routes } from '../../src/api/routes/index.ts';
import { testDatabase, type TestDatabase } from '../postgres.ts';

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what they expect
  readonly body: any;
  readonly headers: Headers;
}

export interface Sending {
  readonly body?: unknown;
  readonly raw?: string;
  readonly headers?: Record<string, string>;
  readonly token?: string | null;
}

export type Send = (method: string, path: string, sending?: Sending) => Promise<Answer>;

export const SYSTEM = { kind: 'system', id: 'test', name: 'test' } as const;

export const SETTINGS = {
  baseDomain: 'localhost', publicScheme: 'http', publicPort: 8080, cacheUrl: null, s3: null, ownership: 'none', trustedProxies: [],
};

export interface TestApi {
  readonly database: TestDatabase;
  readonly url: string;
  readonly token: string;
  readonly sitesKey: Buffer;
  readonly alertsKey: Buffer;
  readonly peopleKey: Buffer;
  readonly started: string[];
  readonly send: Send;
  tokenOf(role: Role): Promise<string>;
  close(): Promise<void>;
}

/** Serve it on a free port, over a platform with settings, one database server and one release that is ready. */
export async function startApi({ server: at, ...more }: Partial<ApiOptions> & { server?: string } = {}): Promise<TestApi> {
  const database = await testDatabase(at);
  await seed(database);
  const { text: token } = await createToken(database.pool, { name: 'test', role: 'owner', actor: SYSTEM });
  const started: string[] = [];
  const masterKey = randomBytes(32);
  const [sitesKey, alertsKey, peopleKey] = [deriveSitesKey(masterKey), deriveAlertsKey(masterKey), derivePeopleKey(masterKey)];
  // As the role that it has in the product: what a migration forgets to give it is found here.
  const pool = createPool(database.appUrl, { name: 'test api', max: 16 });
  const api = createApi({
    pool, sitesKey, alertsKey, peopleKey, log: { info() {}, error: (message, fields) => console.error(message, fields) },
    config: {
      REEVE_DATABASE_URL: database.appUrl, REEVE_SITES_SERVER: 'local', REEVE_TEMPORAL_UI: 'http://127.0.0.1:8233', TEMPORAL_NAMESPACE: 'default',
    },
    startRun: (run) => void started.push(run),
    ...more,
  });
  const server: Server = api.app.listen(0, '127.0.0.1');
  // Both sides are in this process: where it is held up for the usual 5 s, a connection would be closed under a request.
  server.keepAliveTimeout = 600_000;
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    database, url, token, sitesKey, alertsKey, peopleKey, started,
    send: sender(url, token),
    tokenOf: async (role) => (await createToken(database.pool, { name: role, role, actor: SYSTEM })).text,
    async close() {
      await api.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await pool.end();
      await database.drop();
    },
  };
}

/** Settings, a database server, and a release that is ready. @returns the release's id */
export async function seed({ pool }: Pick<TestDatabase, 'pool'>): Promise<string> {
  const release = newId('r');
  const manifest = { id: release, environment: {}, health: { path: '/.reeve/health', statuses: [200] } };
  await commitChange(pool, {
    actor: SYSTEM, type: 'test.seeded', metadata: {},
    writes: [
      { table: 'platform', op: 'update', key: { one: true }, values: { settings: SETTINGS } },
      { table: 'database_server', op: 'insert', values: { id: 'local', host: '127.0.0.1', port: 5432 } },
      { table: 'release', op: 'insert', values: {
        id: release, codebase: 'example', source: '/srv/example', phase: 'ready', digest: 'd', manifest, database_server: 'local', template_database: release,
      } },
    ],
  });
  return release;
}

function sender(url: string, token: string): Send {
  return async (method, path, { body, raw, headers = {}, token: other } = {}) => {
    const shown = other === undefined ? token : other;
    const versioned = /^\/(healthz|readyz|metrics|openapi|docs)/.test(path) ? path : `${API}${path}`;
    const answer = await fetch(url + versioned, {
      method, redirect: 'manual',
      headers: {
        ...(shown === null ? {} : { authorization: `Bearer ${shown}` }),
        ...(body !== undefined || raw !== undefined ? { 'content-type': 'application/json' } : {}), ...headers,
      },
      ...(raw !== undefined ? { body: raw } : body !== undefined ? { body: JSON.stringify(body) } : {}),
    });
    const text = await answer.text();
    const isJson = /^application\/(problem\+)?json/.test(answer.headers.get('content-type') ?? '');
    const parsed = isJson && text !== '' ? JSON.parse(text) : text;
    if (answer.ok && isJson) assertAsDescribed(method, path, parsed);
    return { status: answer.status, body: parsed, headers: answer.headers };
  };
}

function assertAsDescribed(method: string, path: string, body: unknown): void {
  const asked = path.split('?')[0]!.split('/');
  const route = routes.find((each) => {
    const parts = each.path.split('/');
    return each.method === method && parts.length === asked.length && parts.every((part, i) => part.startsWith('{') || part === asked[i]);
  });
  const checked = route?.answer?.safeParse(body);
  if (checked && !checked.success) throw new Error(`${method} ${path} answers otherwise than described: ${checked.error.message}`);
}

/** End a run as its workflow would: claimed, its changes committed, completed. */
export async function complete({ database: { pool } }: Pick<TestApi, 'database'>, run: string, writes: readonly Write[] = [], type = 'test.published'): Promise<void> {
  assert.equal(await claimRun(pool, run, `temporal-${run}`), true);
  if (writes.length > 0) await commitChange(pool, { actor: SYSTEM, type, metadata: {}, run, writes });
  assert.equal(await finishRun(pool, run, 'completed', {}), true);
}

/** A site that is served, as createSite leaves it. @returns its id */
export async function liveSite(api: TestApi, name: string): Promise<string> {
  const { status, body } = await api.send('POST', '/sites', { body: { name } });
  assert.equal(status, 202, JSON.stringify(body));
  await complete(api, body.run.id, [
    { table: 'site', op: 'update', key: { id: body.id }, values: { phase: 'live' } },
    { table: 'hostname', op: 'update', key: { hostname: `${name}.localhost` }, values: { phase: 'bound' } },
  ]);
  return body.id as string;
}

/** A problem as every refusal is: of this type, with words, a request id, and nothing of the inside. */
export function assertProblem(answer: Answer, status: number, type: string): void {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
  assert.equal(answer.body.type, `/problems/${type}`);
  assert.equal(answer.body.status, status);
  assert.ok(answer.body.title && answer.body.detail, JSON.stringify(answer.body));
  assert.equal(answer.body.requestId, answer.headers.get('x-request-id'));
  assert.doesNotMatch(JSON.stringify(answer.body), /at .*\.ts:|node_modules|postgres(?:ql)?:\/\/|password authentication/);
}
