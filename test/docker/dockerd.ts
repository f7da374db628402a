/** An engine for the tests: the one that is there, or one of their own. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Docker from 'dockerode';
import { makeGroup } from './cgroup.ts';
import { unmountBelow } from './mounts.ts';
import { noteNetwork } from './network.ts';
import { Unavailable } from './steps.ts';

export interface Engine {
  /** For DOCKER_HOST. */
  readonly host: string;
  /** Started here, with data that only such tests use. */
  readonly own: boolean;
  stop(): Promise<void>;
}

/** It stops its containers first, 15 s at most. */
const STOPPED_WITHIN_MS = 60_000;

const answers = (docker: Docker) => docker.ping().then(() => true, () => false);

/**
 * @param data    where an engine of the tests' own keeps its images for the next time
 * @param log     what that engine says
 * @throws Unavailable where none can be started
 */
export async function findEngine(data: string, log: string, signal: AbortSignal): Promise<Engine> {
  if (await answers(new Docker())) return { host: process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock', own: false, async stop() {} };
  if (process.getuid?.() !== 0) throw new Unavailable('no Docker engine answers, and only root can start one');
  if (spawnSync('dockerd', ['--version']).error) throw new Unavailable('no Docker engine answers, and dockerd is not installed (Debian: docker.io)');
  // An engine that may not do so says it in many ways, and some only at its first container.
  if (spawnSync('unshare', ['--mount', '--net', '--pid', '--fork', 'true']).status !== 0) {
    throw new Unavailable('no Docker engine answers, and none can be started: this machine allows no namespaces');
  }
  return await startEngine(data, log, signal);
}

async function startEngine(data: string, log: string, signal: AbortSignal): Promise<Engine> {
  mkdirSync(data, { recursive: true, mode: 0o711 });
  // A socket's path must be short, and nothing of this outlives the engine.
  const directory = mkdtempSync(join(tmpdir(), 'reeve-dockerd-'));
  const at = (name: string) => join(directory, name);
  const said = openSync(log, 'w');
  const restoreNetwork = noteNetwork();
  const group = makeGroup();
  // The file of its process id is in the data's own directory: the engine refuses to be a second one there. No default
  // bridge: tests have networks of their own, which go with them. No other storage than overlay2: what else an engine
  // falls back to copies a whole image for each of its steps. It ends with this process, however that ends.
  const dockerd = ['dockerd', '--data-root', data, '--exec-root', at('exec'), '--pidfile', join(data, 'dockerd.pid'),
    '-H', `unix://${at('docker.sock')}`, '--bridge', 'none', '--storage-driver', 'overlay2', ...(group ? ['--cgroup-parent', group.parent] : [])];
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', ...dockerd], { stdio: ['ignore', said, said], detached: true });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()));
  let served = false;
  const runs = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  const stop = async () => {
    if (runs()) child.kill('SIGTERM');
    await Promise.race([ended, delay(STOPPED_WITHIN_MS, undefined, { ref: false })]);
    if (runs()) child.kill('SIGKILL');
    await ended;
    restoreNetwork();
    group?.remove();
    // Another engine's, where that one was there first.
    for (const place of served ? [directory, data] : [directory]) unmountBelow(place);
    rmSync(directory, { recursive: true, force: true });
  };
  for (const docker = new Docker({ socketPath: at('docker.sock') }); !(await answers(docker)); await delay(100)) {
    if (runs() && !signal.aborted) continue;
    await stop();
    throw new Unavailable(`dockerd does not run here: ${lastWord(readFileSync(log, 'utf8').trimEnd())}`);
  }
  served = true;
  return { host: `unix://${at('docker.sock')}`, own: true, stop };
}

/** Its last word is on several lines where it passes on what iptables said. */
function lastWord(said: string): string {
  const from = said.lastIndexOf('failed to start daemon');
  return (from < 0 ? said.split('\n').at(-1)! : said.slice(from)).replace(/\s+/g, ' ').slice(0, 500);
}
