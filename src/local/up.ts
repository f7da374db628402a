import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createClient, type Client } from '../api/client.ts';
import { createProcessDriver } from '../cluster/process.ts';
import { filesOf } from '../cluster/process-files.ts';
import { hasPeople } from '../database/sign-in/first-owner.ts';
import { ReeveError } from '../domain/errors.ts';
import { derivePeopleKey } from '../domain/secrets.ts';
import { firstOwnerLink } from '../sign-in/first-owner.ts';
import { lockHome } from './home-lock.ts';
import { findHome, type Home } from './home.ts';
import { hostsHint, resolvesLocalhost } from './localhost.ts';
import { tailOfLog } from './log-file.ts';
import { createProcesses } from './processes.ts';
import { setUp } from './setup/index.ts';
import { askedToStop } from './signals.ts';
import { launchContainers } from './up/containers.ts';
import { failureLine } from './up/failure.ts';
import { readOrMakeKeys, writeSecret } from './up/keys.ts';
import { choosePorts, startParts } from './up/parts.ts';
import { printSteps } from './up/progress.ts';
import { untilApiReady, untilContainersReady } from './up/ready.ts';
import { bringFirstSites } from './up/samples.ts';
import { stopContainers } from './up/stop.ts';
import { formatReady } from './up/table.ts';
import { currentToken } from './up/token.ts';

export interface UpOptions {
  /** The Django project for the first release; the example unless given. */
  readonly codebase?: string | undefined;
  /** At least so many; undefined leaves it to the platform. */
  readonly containers?: number | undefined;
  readonly samples: boolean;
}

/** Run the whole platform on this machine until Ctrl-C. Ends the process with one line when it cannot. */
export async function up(options: UpOptions): Promise<void> {
  let home: Home | undefined;
  try {
    requireCodebase(options.codebase);
    home = findHome();
    const lock = lockHome(home);
    try {
      await run(home, options);
    } finally {
      lock.release();
    }
  } catch (error) {
    const line = failureLine(error, home?.logsDir ?? '');
    if (line === null) throw error;
    console.error(`reeve: ${line}`);
    process.exitCode = 1;
  }
}

async function run(home: Home, options: UpOptions): Promise<void> {
  const report = printSteps();
  const stopping = askedToStop();
  const told = once(stopping, 'abort');

  const processes = await createProcesses({
    recordsDir: home.processesDir,
    logsDir: home.logsDir,
    onEvent: (event) => {
      if (event.type !== 'ended') return;
      const log = join(home.logsDir, `${event.name}.log`);
      const said = tailOfLog(log, 1);
      report({ name: event.name, state: 'failed', detail: `ended (${event.signal ?? event.code}), starts again; ${log}: ${said}` });
    },
  });
  const settingUp = setUp(home, report, stopping);
  let stopped = async () => {};
  try {
    // What is under way may not end at once: it starts nothing any more.
    await Promise.race([told, (async () => {
      const installed = await settingUp;
      const keys = readOrMakeKeys(home);
      const ports = await choosePorts(home, report);
      const parts = await startParts(home, installed, keys, ports, processes, report);
      const driver = createProcessDriver({ local: parts.local });
      stopped = async () => {
        await stopContainers(parts.local, driver);
        await parts.database.pool.end();
      };
      const { count: containers, notes } = await launchContainers(parts.database.pool, driver, options.containers);
      report({ name: 'Containers', state: 'working', detail: `${containers} and an edge` });

      const api = `http://127.0.0.1:${ports.api}`;
      const edge = `http://127.0.0.1:${ports.edge}`;
      await untilApiReady(api, join(home.logsDir, 'api.log'), report, stopping);
      const token = await currentToken(home.accessFile, parts.database.pool);
      writeSecret(home.accessFile, JSON.stringify({ api, dashboard: api, edge, temporalUi: parts.temporalUi, token }, null, 2));
      const late = await untilContainersReady(parts.database.pool, (id) => filesOf(parts.local, id).log, report, stopping);
      report({ name: 'Containers', state: 'done', detail: `${containers} and an edge${late.length ? `, ${late.length} not ready` : ' are ready'}` });

      const client = createClient({ api, token });
      notes.push(...late, ...await bringFirstSites(client, {
        codebase: options.codebase, example: join(home.clone, 'tenant', 'example'), samples: options.samples,
        mark: join(home.root, 'first-start.json'),
      }, report, stopping));
      const sites = await signInLinks(client);
      console.log(formatReady({
        dashboard: `${api}/`, firstOwner: (await hasPeople(parts.database.pool)) ? null : firstOwnerLink(api, derivePeopleKey(keys.masterKey)),
        edge, api: `${api}/api/v1`, docs: `${api}/docs`, temporalUi: parts.temporalUi, token, accessFile: home.accessFile, containers,
        sites,
        notes: [...notes, ...(installed.isolation === 'per-site users' ? [] : [installed.isolation.none]), ...await localhostNotes(sites)],
      }));
    })().then(() => told, (error: unknown) => {
      // That a wait was cut short is no failure.
      if (!stopping.aborted) throw error;
    })]);
    report({ name: 'Stopping', state: 'working', detail: 'containers, control, API, Temporal, Postgres' });
  } finally {
    // What it was bringing is removed before the next start may bring it.
    await settingUp.catch(() => {});
    await stopped();
    await processes.stopAll();
    report({ name: 'Stopped', state: 'done', detail: 'all is kept; npm start goes on from here' });
  }
}

/** Before minutes of set-up. @throws ReeveError `invalid` */
function requireCodebase(path: string | undefined): void {
  if (path === undefined || statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new ReeveError('invalid', `--codebase ${path}: there is no directory ${resolve(path)}`);
}

async function localhostNotes(sites: readonly { url: string }[]): Promise<string[]> {
  const names = sites.map(({ url }) => new URL(url).hostname).filter((name) => name.endsWith('.localhost'));
  return names.length === 0 || (await resolvesLocalhost()) ? [] : [`*.localhost does not resolve here: ${hostsHint(names)}`];
}

async function signInLinks(client: Client) {
  const { items } = await client.request('GET', '/sites', { query: { limit: 5 } });
  return await Promise.all(items.filter((site: { status: string }) => site.status === 'active').map(
    async (site: { id: string; name: string; hostnames: { hostname: string; role: string }[] }) => ({
      name: site.name,
      url: (await client.request('GET', `/hostnames/${site.hostnames.find((one) => one.role === 'primary')!.hostname}`)).url as string,
      login: await client.request('POST', `/sites/${site.id}/login`).then((answer) => answer.url as string, () => null),
    })));
}
