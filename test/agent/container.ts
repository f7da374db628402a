/** A real container for tests: the supervisor with nginx, the emperor and the agent, as child processes. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Agent, request } from 'undici';
import type { ContainerConfig } from '../../src/agent/config.ts';
import { layoutOf } from '../../src/agent/config.ts';
import { readPids } from '../../src/agent/supervise/pids.ts';
import { places } from '../../src/domain/layout.ts';
import { until } from '../local/wait.ts';
import { newId, type TestPlatform } from './platform.ts';

const REEVE = fileURLToPath(new URL('../../src/bin/reeve.ts', import.meta.url));
const NGINX = process.env.REEVE_TEST_NGINX ?? '/usr/sbin/nginx';
const IS_ROOT = process.getuid?.() === 0;

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface TestContainer {
  readonly id: string;
  readonly config: ContainerConfig;
  readonly root: string;
  start(): void;
  /** A visitor's request, as the edge would send it. */
  get(hostname: string, path?: string): Promise<Answer>;
  /** What nginx says it serves; null when it does not answer. */
  proof(): Promise<{ epoch: number; generation: number; digest: string } | null>;
  /** The container's row. */
  row(): Promise<Row>;
  untilServed(generation: number): Promise<void>;
  untilReady(): Promise<void>;
  pid(name: 'nginx' | 'emperor' | 'agent'): number;
  log(): string;
  /** SIGTERM, and wait. */
  stop(): Promise<void>;
  /** SIGINT, and wait. */
  interrupt(): Promise<void>;
  /** Wait until its supervisor has ended by itself. */
  untilEnded(): Promise<void>;
  /** SIGKILL of the supervisor alone. */
  kill(): Promise<void>;
  remove(): Promise<void>;
}

export interface Row {
  readonly state: string;
  readonly incarnation: number;
  readonly observed_generation: number;
  readonly waiting_on: readonly { on: string; site?: string; message: string }[];
  readonly vassals: { awake: number; starting: number; failing: number };
  readonly agent_url: string;
}

export async function createContainer(platform: TestPlatform, options: Partial<ContainerConfig> = {}): Promise<TestContainer> {
  const id = newId('c');
  const root = join(platform.scratch, id);
  const runDir = mkdtempSync(join(tmpdir(), 'rv-run-'));
  mkdirSync(root);
  const config: ContainerConfig = {
    role: 'site', id, slot: id, root, runDir, listen: { address: '127.0.0.1', port: await freePort() },
    agentListen: { address: '127.0.0.1', port: 0 }, databaseUrl: platform.agentUrl, temporal: null,
    sitesKeyFile: join(platform.scratch, 'sites.key'), releasesDir: platform.releasesDir, storesDir: platform.storesDir,
    toolsVenv: platform.toolsVenv, nginx: NGINX, trusted: ['127.0.0.1'], pace: 2, emperor: true,
    nginxUser: IS_ROOT ? systemUser() : null,
    firstUid: IS_ROOT ? 61_000 : null,
    ...options,
  };
  const file = join(platform.scratch, `${id}.json`);
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  await platform.pool.query('insert into container (id, slot, role) values ($1, $1, $2)', [id, config.role]);
  const layout = layoutOf(config);
  const logFile = join(platform.scratch, `${id}.log`);
  let child: ReturnType<typeof spawn> | null = null;
  let ended: Promise<void> = Promise.resolve();

  async function ask(url: string, host: string, socketPath?: string): Promise<Answer> {
    const dispatcher = new Agent({ connect: socketPath ? { socketPath } : {}, pipelining: 0 });
    try {
      const { statusCode, body } = await request(url, { headers: { host }, dispatcher });
      return { status: statusCode, body: await body.text() };
    } finally {
      await dispatcher.destroy();
    }
  }

  /** A condition that did not come is explained by what the container said. */
  const told = (condition: Promise<void>) => condition.catch((error: Error) => {
    error.message += `\n${container.log().split('\n').slice(-25).join('\n')}`;
    throw error;
  });

  const container: TestContainer = {
    id, config, root,
    start() {
      const log = openSync(logFile, 'a');
      const started = spawn(process.execPath, [REEVE, 'container-run', file], { stdio: ['ignore', log, log] });
      child = started;
      ended = new Promise((resolve) => started.once('exit', () => resolve()));
    },
    get: (hostname, path = '/') => ask(`http://127.0.0.1:${config.listen.port}${path}`, hostname),
    async proof() {
      try {
        const answer = await ask('http://reeve.internal/', 'generation.reeve.internal', places.probeSocket(layout));
        return answer.status === 200 ? JSON.parse(answer.body) : null;
      } catch {
        return null;
      }
    },
    async row() {
      const { rows } = await platform.pool.query<Row>('select * from container where id = $1', [id]);
      return rows[0]!;
    },
    untilServed: (generation) => told(until(`${id} records generation ${generation}`, async () => {
      const row = await container.row();
      return row.observed_generation >= generation && row.waiting_on.length === 0;
    })),
    untilReady: () => told(until(`${id} is ready`, async () => (await container.row()).state === 'ready')),
    pid: (name) => readPids(root).siblings[name]?.pid ?? 0,
    log: () => readFileSync(logFile, 'utf8'),
    async stop() {
      child?.kill('SIGTERM');
      await ended;
      if (process.env.REEVE_TEST_SHOW_LOGS) console.error(container.log());
    },
    async interrupt() {
      child?.kill('SIGINT');
      await ended;
    },
    untilEnded: () => ended,
    async kill() {
      child?.kill('SIGKILL');
      await ended;
    },
    async remove() {
      // What a killed supervisor left is ended by the next start, and by that one's own end.
      if (readPids(root).supervisor && child?.exitCode === null && child.signalCode !== null) container.start();
      await container.stop();
      rmSync(runDir, { recursive: true, force: true });
    },
  };
  return container;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** A user that has a group of its own name, as nginx's `user` wants it. */
function systemUser(): { name: string; uid: number; gid: number } {
  const groups = new Set(readFileSync('/etc/group', 'utf8').split('\n').map((line) => line.split(':')[0]));
  const users = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':'));
  const found = ['www-data', 'nginx', 'daemon'].flatMap((name) => users.filter((user) => user[0] === name && groups.has(name)))[0];
  if (!found) throw new Error('this system has none of the users www-data, nginx, daemon');
  return { name: found[0]!, uid: Number(found[2]), gid: Number(found[3]) };
}
