/** A platform's database of its own, with changes committed as the API would. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOfRelease } from '../../src/codebase/digest.ts';
import { grantAgentRole } from '../../src/database/agent-role.ts';
import { type Committed, commitChange, type Write } from '../../src/database/change.ts';
import { migrate } from '../../src/database/migrate.ts';
import { createPool, type Pool } from '../../src/database/pool.ts';
import type { ReleaseManifest } from '../../src/domain/desired.ts';
import { makeId } from '../../src/domain/id.ts';
import { encryptEnvValue } from '../../src/domain/secrets.ts';


export const newId = (kind: 's' | 'c' | 'r') => makeId(kind, randomBytes(9));

/** A WSGI module that says who it is; what its environment asks for, it does. */
const APP = `
import json, os, time
if os.environ.get("BROKEN"):
    raise RuntimeError("this site is broken on purpose " + os.environ.get("OWN_WORD", ""))
if os.path.exists(os.environ.get("DIES_BY", "")):
    os._exit(3)
well = True
def application(environ, start_response):
    global well
    # A process that is ill until it is started anew.
    well = well and environ["PATH_INFO"] != "/sicken"
    if not well:
        start_response("500 Internal Server Error", [])
        return [b""]
    # Closed to visitors, as reeve_django's own is.
    if environ["PATH_INFO"] == "/.health" and environ.get("REEVE_PROBE") != "1":
        start_response("404 Not Found", [])
        return [b""]
    time.sleep(float(os.environ.get("SLOW", "0")))
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"site": os.environ["REEVE_SITE_ID"], "color": os.environ.get("COLOR"), "uid": os.getuid(),
        "path": environ["PATH_INFO"]}).encode()]
`;

export interface TestPlatform {
  readonly url: string;
  /** As agents connect. */
  readonly agentUrl: string;
  readonly pool: Pool;
  readonly scratch: string;
  readonly releasesDir: string;
  readonly storesDir: string;
  readonly toolsVenv: string;
  readonly sitesKey: Buffer;
  readonly release: string;
  commit(type: string, writes: readonly Write[]): Promise<Committed>;
  /** A live site with one bound hostname, `<site>.test`. */
  addSite(options?: { env?: Record<string, string>; phase?: 'live' | 'suspended' }): Promise<string>;
  setEnv(site: string, env: Record<string, string>): Promise<Committed>;
  bind(hostname: string, site: string, role?: 'primary' | 'alias' | 'redirect'): Promise<Committed>;
  close(): Promise<void>;
}

/**
 * @param given where to work, when it is not `npm test` that says so; and the codebase's health path, `/` unless given,
 *   or `/.health`, which is closed to visitors
 */
export async function createPlatform(given: { postgresUrl?: string; toolsVenv?: string; healthPath?: string } = {}): Promise<TestPlatform> {
  const adminUrl = given.postgresUrl ?? process.env.REEVE_TEST_POSTGRES_URL ?? '';
  const toolsVenv = given.toolsVenv ?? process.env.REEVE_TEST_TOOLS_VENV ?? '';
  const name = `agent_${randomBytes(6).toString('hex')}`;
  const admin = createPool(adminUrl, { name: 'test', max: 1 });
  await admin.query(`create database ${name}`);
  const url = withDatabase(adminUrl, name);
  const pool = createPool(url, { name: 'test', max: 4 });
  await migrate(pool);
  const role = `${name}_agent`;
  await grantAgentRole(pool, role, 'secret');
  const agentUrl = Object.assign(new URL(url), { username: role, password: 'secret' }).href;

  const scratch = mkdtempSync(join(tmpdir(), 'rv-'));
  chmodSync(scratch, 0o755);
  const releasesDir = join(scratch, 'releases');
  const storesDir = join(scratch, 'stores');
  mkdirSync(join(releasesDir, 'venvs'), { recursive: true });
  mkdirSync(storesDir);
  symlinkSync(toolsVenv, join(releasesDir, 'venvs/tools'));
  const sitesKey = randomBytes(32);
  writeFileSync(join(scratch, 'sites.key'), sitesKey.toString('hex'), { mode: 0o600 });

  const commit = (type: string, writes: readonly Write[]) =>
    commitChange(pool, { actor: { kind: 'system', id: 'test', name: 'test' }, type, metadata: {}, writes });
  const encrypted = (site: string, env: Record<string, string>) => Object.fromEntries(
    Object.entries(env).map(([key, value]) => [key, encryptEnvValue(sitesKey, site, key, value, randomBytes(12))]));

  const release = newId('r');
  mkdirSync(join(releasesDir, release, 'code'), { recursive: true });
  mkdirSync(join(releasesDir, release, 'static'));
  writeFileSync(join(releasesDir, release, 'code/app.py'), APP);
  const manifest: ReleaseManifest = {
    id: release, digest: 'd', venv: 'venvs/tools', wsgi: { module: 'app', callable: 'application' }, settings: 'settings',
    static: { url: '/static/' }, media: { url: '/media/', private: [] }, health: { path: given.healthPath ?? '/', statuses: [200] },
    commands: {}, environment: {},
  };
  // As one that was prepared: its digest is of what lies there.
  writeFileSync(join(releasesDir, release, 'release.json'), JSON.stringify(manifest));
  const digest = (await digestOfRelease(join(releasesDir, release)))!;
  await commit('platform.set', [
    { table: 'platform', op: 'update', key: { one: 'true' }, values: { settings: {
      baseDomain: 'test', publicScheme: 'http', publicPort: 80, cacheUrl: null, s3: null, ownership: 'none', trustedProxies: [],
    } } },
    { table: 'database_server', op: 'insert', values: { id: 'local', host: '127.0.0.1', port: 5432 } },
    { table: 'release', op: 'insert', values: { id: release, codebase: 'test', source: 'test', phase: 'ready', digest, manifest: { ...manifest, digest } } },
  ]);

  return {
    url, agentUrl, pool, scratch, releasesDir, storesDir, toolsVenv, sitesKey, release, commit,
    async addSite({ env = {}, phase = 'live' } = {}) {
      const id = newId('s');
      await commit('site.created', [
        { table: 'site', op: 'insert', values: {
          id, name: id, phase, release, database_server: 'local', env: encrypted(id, env),
          settings: { processes: 1, threads: 1, harakiri: 30, memory: 1024, connections: 5 },
        } },
        { table: 'hostname', op: 'insert', values: { hostname: `${id}.test`, site: id, role: 'primary', phase: 'bound' } },
      ]);
      return id;
    },
    setEnv: (site, env) => commit('site.changed', [{ table: 'site', op: 'update', key: { id: site }, values: { env: encrypted(site, env) } }]),
    bind: (hostname, site, role = 'alias') =>
      commit('hostname.bound', [{ table: 'hostname', op: 'insert', values: { hostname, site, role, phase: 'bound' } }]),
    async close() {
      await pool.end();
      await admin.query(`drop database ${name} with (force)`);
      await admin.query(`drop role ${role}`);
      await admin.end();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}
