/** What must be there before the parts of docker-compose.yml start: the database, and what each part is told. */
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ContainerConfig } from '../../agent/config.ts';
import { insertContainer } from '../../cluster/rows.ts';
import { type Config, readMasterKey } from '../../config.ts';
import type { Pool } from '../../database/pool.ts';
import { requestLaunchContainer } from '../../database/requests/containers.ts';
import { ensureFirstToken } from '../../database/tokens.ts';
import { makeId } from '../../domain/id.ts';
import { deriveSitesKey } from '../../domain/secrets.ts';
import { preparePlatformDatabase, recordPlace } from '../up/database.ts';
import { writeSecret } from '../up/keys.ts';
import { type ComposePlace, dockerFileOf } from './place.ts';

const ACTOR = { kind: 'system', id: 'reeve', name: 'reeve compose-setup' } as const;

/**
 * Make what is missing, and bring what is there up to this version. Safe to repeat: each `docker compose up` does.
 * @throws ReeveError when a part cannot be reached or a key cannot be read; what was done stays, and is found again
 */
export async function setUpCompose(config: Config, place: ComposePlace): Promise<void> {
  const secrets = dirname(config.REEVE_MASTER_KEY_FILE);
  const at = (name: string) => `${secrets}/${name}`;
  const masterKey = readMasterKey(config);
  writeSecret(at('sites.key'), deriveSitesKey(masterKey).toString('hex'));

  const database = await preparePlatformDatabase(serverOf(config.REEVE_DATABASE_URL), masterKey);
  try {
    const sites = new URL(config.REEVE_SITES_DATABASE_URL);
    await recordPlace(database.pool, {
      publicPort: place.REEVE_PUBLIC_PORT,
      server: { id: config.REEVE_SITES_SERVER, host: sites.hostname, port: Number(sites.port || 5432) },
    });
    writeSecret(config.REEVE_DOCKER_FILE!, JSON.stringify(dockerFileOf(config, place, database.agentUrl, at('sites.key')), null, 2));
    writeSecret(place.REEVE_EDGE_FILE, JSON.stringify(await edgeConfig(database.pool, config, place, database.agentUrl), null, 2));
    const token = await ensureFirstToken(database.pool);
    if (token) {
      writeSecret(at('access.json'), JSON.stringify({ api: `http://127.0.0.1:${config.REEVE_API_PORT}`, token }, null, 2));
    }
    await requestFirstContainers(database.pool, place.REEVE_CONTAINERS);
  } finally {
    await database.pool.end();
  }
  for (const file of ['master.key', 'sites.key', 'access.json'].map(at)) if (existsSync(file)) own(file, place.REEVE_UID);
  for (const file of [secrets, dirname(place.REEVE_EDGE_FILE), place.REEVE_EDGE_FILE]) own(file, place.REEVE_UID);
  // Below the volume's root: an engine gives an empty volume the owner that its place has in the image.
  mkdirSync(place.REEVE_TEMPORAL_DIR, { recursive: true });
  own(place.REEVE_TEMPORAL_DIR, place.REEVE_TEMPORAL_UID);
  // Sites' users pass through to what is theirs.
  for (const directory of [config.REEVE_RELEASES_DIR, config.REEVE_STORES_DIR]) {
    mkdirSync(directory, { recursive: true });
    chmodSync(directory, 0o755);
  }
}

/** The server by its usual database: the platform's own, `reeve`, is made there. */
function serverOf(database: string): string {
  const url = new URL(database);
  if (url.pathname === '/reeve') url.pathname = '/postgres';
  return url.href;
}

const own = (path: string, uid: number) => chownSync(path, uid, uid);

/** The edge is a part of its own: no driver launches it, and it needs no key and no root. */
async function edgeConfig(pool: Pool, config: Config, place: ComposePlace, databaseUrl: string): Promise<ContainerConfig> {
  const known = existsSync(place.REEVE_EDGE_FILE) ? (JSON.parse(readFileSync(place.REEVE_EDGE_FILE, 'utf8')) as ContainerConfig).id : null;
  const { rows } = await pool.query<{ id: string }>("select id from container where slot = 'edge'");
  const id = rows[0]?.id ?? known ?? makeId('c', randomBytes(9));
  await insertContainer(pool, { id, slot: 'edge', role: 'edge' });
  return {
    role: 'edge', id, slot: 'edge', root: '/var/lib/reeve/edge', runDir: '/var/lib/reeve/run',
    listen: { address: 'own', port: 8080 }, agentListen: { address: 'own', port: 8090 },
    databaseUrl, temporal: null, sitesKeyFile: null, releasesDir: config.REEVE_RELEASES_DIR, storesDir: config.REEVE_STORES_DIR,
    toolsVenv: '/opt/tools', nginx: '/usr/sbin/nginx', nginxUser: null, firstUid: null, trusted: [], pace: 1, emperor: false,
  };
}

/** On a first start only: later ones find what people, or scaling, have made of it. The control worker launches them. */
async function requestFirstContainers(pool: Pool, count: number): Promise<void> {
  const { rows: [known] } = await pool.query("select count(*)::int as sites from container where role = 'site'");
  for (let n = 1; known.sites === 0 && n <= count; n += 1) {
    await requestLaunchContainer({ db: pool, actor: ACTOR, reason: 'the first start' }, { slot: `compose-${n}` });
  }
}
