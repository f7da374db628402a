/** A whole platform as a person starts it, in a home of its own; shared by the files that do not break it. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Agent, request } from 'undici';
import { type Client, createClient } from '../../src/api/client.ts';
import type { LocalFile } from '../../src/cluster/local-file.ts';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface Platform {
  readonly home: string;
  readonly access: { readonly api: string; readonly edge: string; readonly temporalUi: string; readonly token: string };
  readonly api: Client;
  readonly local: LocalFile;
  /** All that it printed so far. */
  output(): string;
  /** Ctrl-C, and wait until it is gone. */
  stop(): Promise<void>;
  /** Stop it if it runs, and remove its home. With a failure, print its last words first. */
  remove(): Promise<void>;
}

/**
 * `npm start`'s own program with the arguments, in a new home (or a given one: the next start), until its table is
 * printed.
 * @param environment what else it is told, e.g. DATABASE_URL: a server of the test's own
 */
export async function startPlatform(
  args: readonly string[] = [], home = newHome(), environment: Readonly<Record<string, string>> = {},
): Promise<Platform> {
  let output = '';
  const child = spawn(process.execPath, [join(ROOT, 'bin/reeve.cjs'), 'up', ...args], {
    cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], detached: true,
    env: { ...process.env, REEVE_HOME: home, NODE_OPTIONS: '', NODE_TEST_CONTEXT: undefined, ...environment },
  });
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { output += text; });
  const stop = () => end(child, 'SIGINT');
  process.once('exit', () => child.kill('SIGTERM'));
  try {
    await until('the platform is ready', () => output.includes('Reeve is ready.'), 10 * 60_000, () => {
      if (child.exitCode !== null) throw new Error(`npm start ended with ${child.exitCode}`);
    });
  } catch (error) {
    await stop();
    throw new Error(`${(error as Error).message}\n${output}\n${logs(home)}`, { cause: error });
  }
  const access = JSON.parse(readFileSync(join(home, 'access.json'), 'utf8'));
  return {
    home, access, api: createClient(access), output: () => output, stop,
    local: JSON.parse(readFileSync(join(home, 'secrets/local.json'), 'utf8')),
    async remove() {
      await stop();
      const { runDir } = JSON.parse(readFileSync(join(home, 'secrets/local.json'), 'utf8')) as LocalFile;
      for (const place of [home, runDir]) rmSync(place, { recursive: true, force: true });
    },
  };
}

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'reeve-system-'));
  // Postgres, nginx's workers and the sites run as users of their own, who pass through it.
  chmodSync(home, 0o755);
  return home;
}

/** Tell it to end, and wait until it is gone. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}

/** The ends of all logs, for a failure's message. */
export function logs(home: string): string {
  const directories = [join(home, 'logs')];
  const parts: string[] = [];
  for (const directory of directories) {
    if (!existsSync(directory)) continue;
    for (const name of ['control', 'api']) {
      const file = join(directory, `${name}.log`);
      if (existsSync(file)) parts.push(`--- ${name}.log\n${readFileSync(file, 'utf8').slice(-3000)}`);
    }
  }
  return parts.join('\n');
}

/** What is looked at for long is looked at less often: a look is a handful of requests to the API, on processors that are busy with what is waited for. */
const OFTEN = { ms: 100, forMs: 3_000 };
const LESS = { ms: 500, forMs: 10_000 };
const SELDOM_MS = 1_000;
const beforeNextLook = (forMs: number) => [OFTEN, LESS].find((each) => forMs < each.forMs)?.ms ?? SELDOM_MS;

/** Wait for a condition; at the deadline, fail with what was waited for and the last error. */
export async function until<T>(
  what: string, condition: () => T | Promise<T>, withinMs = 30_000, check: () => void = () => {},
): Promise<NonNullable<T>> {
  const begun = Date.now();
  const deadline = begun + withinMs;
  let last: unknown;
  for (;;) {
    check();
    try {
      const value = await condition();
      if (value) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`waited ${withinMs} ms in vain: ${what}`, { cause: last });
    await delay(beforeNextLook(Date.now() - begun));
  }
}

/** Wait until a run is over, and give it; `state` is asserted. */
export async function runOver(platform: Pick<Platform, 'api'>, id: string, state = 'completed') {
  const run = await until(`run ${id} is over`, async () => {
    const now = await platform.api.request('GET', `/runs/${id}`);
    return now.state !== 'requested' && now.state !== 'running' ? now : null;
  }, 120_000);
  assert.equal(run.state, state, JSON.stringify(run, null, 2));
  return run;
}

/** Make a site, and wait until it is served. @returns its id */
export async function createSite(platform: Pick<Platform, 'api'>, name: string): Promise<string> {
  const { id, run } = await platform.api.request('POST', '/sites', { body: { name } });
  await runOver(platform, run.id);
  return id;
}

const connections = new Agent({ keepAliveTimeout: 1, pipelining: 0 });

export interface Page {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
}

/** A visitor's request to the edge, with the hostname as Host. */
export async function visit(
  platform: Pick<Platform, 'access'>, hostname: string, path = '/',
  options: { method?: 'GET' | 'POST'; headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Page> {
  const port = new URL(platform.access.edge).port;
  return await ask(`${platform.access.edge}${path}`, { ...options, headers: { host: `${hostname}:${port}`, ...options.headers } });
}

/**
 * The page of a hostname inside each container, over its own probe listener, which alone says which site answered.
 * @returns by container id
 */
export async function inEachContainer(platform: Platform, hostname: string, path = '/'): Promise<Map<string, Page & { site: string | undefined }>> {
  const { items } = await platform.api.request('GET', '/containers');
  const pages = new Map<string, Page & { site: string | undefined }>();
  for (const { id, state, role } of items) {
    if (role === 'edge' || state !== 'ready') continue;
    const socket = join(platform.local.runDir, id, 'own/probe.sock');
    const page = await ask(`http://probe${path}`, { headers: { host: hostname } }, new Agent({ connect: { socketPath: socket }, keepAliveTimeout: 1 }));
    pages.set(id, { ...page, site: page.headers['x-reeve-site'] as string | undefined });
  }
  return pages;
}

async function ask(
  url: string, options: { method?: 'GET' | 'POST'; headers?: Record<string, string>; body?: string | Buffer },
  dispatcher: Agent = connections,
): Promise<Page> {
  const answer = await request(url, { method: options.method ?? 'GET', headers: options.headers ?? {}, body: options.body ?? null, dispatcher });
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
}
