/** Starts the parts of a local platform in order, each from what those before it said. */
import { existsSync, lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LocalFile } from '../../cluster/local-file.ts';
import { isReeveError } from '../../domain/errors.ts';
import { SEARCH_ATTRIBUTES } from '../../temporal/search-attributes.ts';
import type { Home } from '../home.ts';
import { choosePort, startOnFreePort } from '../ports.ts';
import { PostgresError, startPostgres } from '../postgres.ts';
import type { Processes } from '../processes.ts';
import type { Installed, Report } from '../setup/installed.ts';
import { findUser } from '../setup/system-user.ts';
import { type RunningTemporal, startTemporal } from '../temporal.ts';
import { type PlatformDatabase, preparePlatformDatabase, recordPlace } from './database.ts';
import { type Keys, writeSecret } from './keys.ts';

const REEVE = fileURLToPath(new URL('../../bin/reeve.ts', import.meta.url));
/** Sites' users are numbers from here: above any account of the machine, below the ranges of user namespaces. */
const FIRST_UID = 200_000;
/** The name of the server that holds the sites' databases. */
const SITES_SERVER = 'local';

/**
 * Each site's role has a limit of 10, and their sum stays below 80 % of what the server takes: 80 sites here. A thousand
 * connections cost it 40 MB of shared memory more than two hundred (measured: 125 and 85 MB).
 */
const CONNECTIONS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  platform: { max_connections: 200 },
  // Whatever sites and others take: the control worker's own, 8 and those inside databases, with some to spare.
  sites: { max_connections: 1_000, superuser_reserved_connections: 20 },
};

export interface Ports {
  readonly edge: number;
  readonly api: number;
  readonly temporal: number;
  readonly temporalUi: number;
  readonly platformPostgres: number;
  readonly sitesPostgres: number;
}

export interface Parts {
  readonly database: PlatformDatabase;
  readonly local: LocalFile;
  readonly temporalUi: string | null;
}

/** Choose every port before anything starts; one that had to move is said. */
export async function choosePorts(home: Home, report: Report): Promise<Ports> {
  const moved: string[] = [];
  const choose = async (name: string, preferred: number) => {
    const { port, insteadOf } = await choosePort(home, name, preferred);
    if (insteadOf) moved.push(`${name} ${port} (${insteadOf} is taken)`);
    return port;
  };
  const ports = {
    edge: await choose('edge', 8080),
    api: await choose('api', 8081),
    temporal: await choose('temporal', 7233),
    temporalUi: await choose('temporal-ui', 8233),
    platformPostgres: await choose('postgres-platform', 5442),
    sitesPostgres: await choose('postgres-sites', 5443),
  };
  report({ name: 'Ports', state: 'done', detail: moved.length ? moved.join(', ') : `edge ${ports.edge}, API ${ports.api}` });
  return ports;
}

/** Databases, Temporal, the API and the control worker; not the containers, which the driver starts. */
export async function startParts(
  home: Home, installed: Installed, keys: Keys, ports: Ports, processes: Processes, report: Report,
): Promise<Parts> {
  const databases = await startDatabases(home, installed, ports, processes);
  report({ name: 'Postgres', state: 'done', detail: databases.said });

  const temporal = await startTemporalServer(home, installed, ports, processes);
  report({ name: 'Temporal', state: 'done', detail: `${temporal.address}, UI ${temporal.uiUrl ?? 'elsewhere'}` });

  const database = await preparePlatformDatabase(databases.platform, keys.masterKey).catch((error) => {
    throw unprepared(error, installed.postgres.url ? 'the server of DATABASE_URL' : `Postgres, whose log is ${join(home.logsDir, 'postgres-platform.log')}`);
  });
  const sites = new URL(databases.sites);
  await recordPlace(database.pool, {
    publicPort: ports.edge,
    server: { id: SITES_SERVER, host: sites.hostname, port: Number(sites.port || 5432) },
  });

  const local = localFile(home, installed, keys, ports, database.agentUrl, temporal);
  const localPath = join(home.secretsDir, 'local.json');
  writeSecret(localPath, JSON.stringify(local, null, 2));
  const environment = {
    REEVE_HOME: home.root,
    REEVE_DATABASE_URL: database.appUrl,
    REEVE_MASTER_KEY_FILE: keys.masterKeyFile,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    ...(temporal.uiUrl ? { REEVE_TEMPORAL_UI: temporal.uiUrl } : {}),
    REEVE_API_PORT: String(ports.api),
    REEVE_URL: process.env.REEVE_URL ?? `http://127.0.0.1:${ports.api}`,
    REEVE_RELEASES_DIR: local.releasesDir,
    REEVE_STORES_DIR: local.storesDir,
    REEVE_SITES_DATABASE_URL: databases.sites,
    REEVE_SITES_SERVER: SITES_SERVER,
    REEVE_LOCAL_FILE: localPath,
  };
  for (const name of ['control', 'api']) {
    processes.start({ name, command: installed.node.path, args: [REEVE, name], env: environment, cwd: home.root, grace: 20_000 });
  }
  return { database, local, temporalUi: temporal.uiUrl };
}

function startTemporalServer(home: Home, installed: Installed, ports: Ports, processes: Processes): Promise<RunningTemporal> {
  let { temporal: port, temporalUi: uiPort } = ports;
  return startOnFreePort(
    () => startTemporal({
      installed, processes, dbFile: join(home.root, 'temporal', 'temporal.sqlite'), port, uiPort,
      namespace: process.env.TEMPORAL_NAMESPACE ?? 'default', searchAttributes: SEARCH_ATTRIBUTES,
    }),
    async (taken) => {
      if (taken === uiPort) uiPort = (await choosePort(home, 'temporal-ui', taken)).port;
      else port = (await choosePort(home, 'temporal', taken)).port;
    },
  );
}

/** A server that is away or refuses is told in one line. Its own words hold no password: pg's name user, host and port. */
function unprepared(error: unknown, server: string): unknown {
  // Behind one of ours is the server's own, which says who does not answer.
  const { code, message } = (isReeveError(error) ? error.cause ?? error : error) as { code?: unknown; message: string };
  // What has no code is a mistake of ours, and its stack is worth more than a line.
  return typeof code === 'string' ? new PostgresError(`the platform's database cannot be prepared: ${message || code} (${server})`, '', { cause: error }) : error;
}

async function startDatabases(home: Home, installed: Installed, ports: Ports, processes: Processes) {
  const { url, sitesUrl } = installed.postgres;
  const start = async (name: string, wanted: number) => {
    let port = wanted;
    const server = await startOnFreePort(
      () => startPostgres({
        installed, processes, port, dataDir: join(home.root, 'postgres', name), socketDir: join(home.runDir, 'pg'),
        secretsDir: home.secretsDir, settings: CONNECTIONS[name]!,
      }),
      async (taken) => { port = (await choosePort(home, `postgres-${name}`, taken)).port; },
    );
    return server.url;
  };
  const platform = url ?? (await start('platform', ports.platformPostgres));
  const sites = sitesUrl ?? (await start('sites', ports.sitesPostgres));
  const where = (text: string, given: boolean) => `${given ? 'given' : 'own'}, port ${new URL(text).port || 5432}`;
  return { platform, sites, said: `platform: ${where(platform, !!url)}; sites: ${where(sites, !!sitesUrl)}` };
}

function localFile(
  home: Home, installed: Installed, keys: Keys, ports: Ports, agentUrl: string,
  temporal: { address: string; namespace: string },
): LocalFile {
  const perSite = installed.isolation === 'per-site users';
  const nginxUser = perSite ? (findUser('www-data') ?? findUser('nginx') ?? findUser('nobody')) : undefined;
  return {
    home: home.root, runDir: home.runDir, node: installed.node.path, toolsVenv: installed.toolsVenv,
    nginx: installed.nginx.path, python: { path: installed.python.path, version: installed.python.version },
    nginxUser: nginxUser ? { name: nginxUser.name, uid: nginxUser.uid, gid: nginxUser.gid } : null,
    firstUid: perSite ? FIRST_UID : null,
    agentDatabaseUrl: agentUrl, sitesKeyFile: keys.sitesKeyFile,
    releasesDir: releasesDirectory(home), storesDir: directory(home, 'stores'),
    temporal: { address: temporal.address, namespace: temporal.namespace },
    edgeListen: { addresses: ['127.0.0.1', '::1'], port: ports.edge },
    containerPorts: { from: 18_100, to: 18_999 }, trusted: ['127.0.0.1'],
  };
}

/** Releases of this home; their virtual environments are shared by all homes that share the tools. */
function releasesDirectory(home: Home): string {
  const releases = directory(home, 'releases');
  const venvs = join(home.toolsDir, 'venvs');
  mkdirSync(venvs, { recursive: true });
  const link = join(releases, 'venvs');
  if (!existsSync(link) && !lstatSync(link, { throwIfNoEntry: false })) symlinkSync(venvs, link);
  return releases;
}

function directory(home: Home, name: string): string {
  mkdirSync(join(home.root, name), { recursive: true });
  return join(home.root, name);
}
