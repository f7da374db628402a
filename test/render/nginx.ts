/** A real nginx for tests, in a directory of its own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { INTERNAL_DOMAIN } from '../../src/domain/hostname.ts';
import { places, type Layout } from '../../src/domain/layout.ts';
import { beforeNextLook } from '../local/wait.ts';
import { ask } from './ask.ts';
import { writeFiles } from './fixture.ts';

/** Every nginx that tests can use: what set-up chose, and what is on PATH besides. */
export const nginxes: readonly string[] = [
  ...new Set([process.env.REEVE_TEST_NGINX, ...(process.env.REEVE_TEST_NGINX_TOO ?? '').split(delimiter),
    ...`${process.env.PATH}${delimiter}/usr/sbin${delimiter}/usr/local/sbin`.split(delimiter).map((directory) => join(directory, 'nginx'))]),
].filter((path): path is string => Boolean(path) && existsSync(path!)).filter(isOther());

/** One program under two names is tested once. */
function isOther(): (path: string) => boolean {
  const seen = new Set<string>();
  return (path) => seen.size !== seen.add(realpathSync(path)).size;
}

export const nginx = nginxes[0] ?? 'nginx';

export interface RunningNginx {
  /** Stage, switch, reload, and wait until the proof says that it is served. */
  switchTo(files: ReadonlyMap<string, string>): Promise<void>;
  stop(): Promise<void>;
}

type Place = Pick<Layout, 'root' | 'runDir'>;
let staged = 0;

function stage(place: Place, files: ReadonlyMap<string, string>): string {
  const name = `${++staged}-test`;
  writeFiles(join(place.root, 'nginx', name), files);
  return name;
}

/** What `nginx -t` says of these files; null when it takes them. */
export async function testNginx(program: string, place: Place, files: ReadonlyMap<string, string>): Promise<string | null> {
  const directory = join(place.root, 'nginx', stage(place, files));
  try {
    await promisify(execFile)(program, ['-t', '-q', '-p', join(place.root, 'nginx'), '-e', 'stderr', '-c', `${directory}/nginx.conf`, '-g', 'daemon off;']);
    return null;
  } catch (error) {
    return String((error as { stderr?: string }).stderr || error);
  }
}

export async function startNginx(program: string, place: Place, files: ReadonlyMap<string, string>): Promise<RunningNginx> {
  const link = join(place.root, 'nginx', 'current');
  mkdirSync(join(place.root, 'nginx'), { recursive: true });
  const point = (name: string) => {
    symlinkSync(name, `${link}.new`);
    renameSync(`${link}.new`, link);
  };
  point(stage(place, files));
  const log = join(place.root, 'log', 'nginx-error.log');
  const child = spawn(program, ['-p', join(place.root, 'nginx'), '-e', log, '-c', `${link}/nginx.conf`, '-g', 'daemon off;'], { stdio: 'inherit' });
  const socket = places.probeSocket(place as Layout);
  const served = (wanted: ReadonlyMap<string, string>) =>
    until(`nginx serves it; its log: ${existsSync(log) ? readFileSync(log, 'utf8').slice(-1_000) : ''}`, async () => {
      if (child.exitCode !== null) throw new Error(`nginx ended: ${readFileSync(log, 'utf8').slice(-2_000)}`);
      const proof = await ask({ socket, host: `generation.${INTERNAL_DOMAIN}` }).catch(() => null);
      return proof !== null && wanted.get('generation.conf')!.includes(proof.text.slice(1, -1));
    });
  await served(files);
  return {
    async switchTo(next) {
      const former = workers(child.pid!);
      point(stage(place, next));
      child.kill('SIGHUP');
      await served(next);
      // nginx lets its old workers take connections for another 100 ms beside the new ones.
      await until('the old workers take no more connections', () => workers(child.pid!).every((worker) => !former.includes(worker)));
    },
    stop: () => stopped(child, 'SIGTERM'),
  };
}

/** Workers that take connections: those that end say so in their titles when they close their listeners. */
function workers(master: number): string[] {
  const children = readFileSync(`/proc/${master}/task/${master}/children`, 'utf8').trim().split(' ');
  return children.filter((worker) => {
    try {
      return !readFileSync(`/proc/${worker}/cmdline`, 'utf8').includes('shutting down');
    } catch {
      return false;
    }
  });
}

/** End a child that a test started. */
export async function stopped(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await end;
}

/** Wait for a condition; what it was is in the error when it never comes. */
export async function until(what: string, condition: () => Promise<boolean> | boolean, withinMs = 20_000): Promise<void> {
  const begun = Date.now();
  while (!(await condition())) {
    if (Date.now() - begun > withinMs) throw new Error(`waited ${withinMs} ms until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, beforeNextLook(begun)));
  }
}

/** A port that nothing has at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
