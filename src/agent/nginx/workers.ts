/**
 * Which of nginx's workers take connections, and how the former ones are relieved. After a HUP the master starts its new
 * workers and waits 100 ms "to allow new processes to start" before it tells the old ones to stop: until then both take
 * connections, and in a quiet container the kernel gives most of them to the old ones, with the former configuration. So
 * the old ones are told here, as soon as new ones run. docs/decisions/agent-proof.md
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { identify, isRunning, type ProcessIdentity, signalProcess } from '../../process/identity.ts';

/** What a worker calls itself from the moment on in which it takes connections. */
const WORKER = 'worker process';
/** It says so just before it closes its listening sockets. */
const SHUTTING_DOWN = 'is shutting down';
/** `worker_processes` of templates/nginx/main.conf.hbs. Where reloads follow each other there are more former ones. */
const WORKERS = 2;
const LOOK_MS = 2;
/** By then the master has told them itself: it takes the time of one parse, and its 100 ms. */
const RELIEVED_WITHIN_MS = 2_000;

/** The workers that take connections; none when the master is not there. */
export function acceptingWorkers(master: number): ProcessIdentity[] {
  let children: string;
  try {
    children = readFileSync(`/proc/${master}/task/${master}/children`, 'latin1');
  } catch {
    return [];
  }
  return children.trim().split(/\s+/).filter(Boolean).map(Number).filter(isAccepting).flatMap((pid) => identify(pid) ?? []);
}

export function isAccepting(pid: number): boolean {
  try {
    // Of a new one that was only forked it is still the master's.
    const title = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    return title.includes(WORKER) && !title.includes(SHUTTING_DOWN);
  } catch {
    return false;
  }
}

/**
 * Once others take connections, tell the former ones to stop, each after the requests that it has. The master, which
 * has its signals blocked meanwhile, marks them as leaving before it hears that one has ended, and starts none again.
 * Where they may not be signalled the master's own word comes 100 ms later. Gives up when `signal` is aborted.
 */
export async function relieve(master: number, former: readonly ProcessIdentity[], signal: AbortSignal): Promise<void> {
  const known = new Set(former.map(({ pid }) => pid));
  const deadline = performance.now() + RELIEVED_WITHIN_MS;
  while (former.length > 0 && !signal.aborted && performance.now() < deadline) {
    const others = acceptingWorkers(master).filter(({ pid }) => !known.has(pid));
    if (others.length >= Math.min(former.length, WORKERS)) {
      for (const one of former) stop(one);
      return;
    }
    await delay(LOOK_MS);
  }
}

function stop(worker: ProcessIdentity): void {
  try {
    if (isRunning(worker) && isAccepting(worker.pid)) signalProcess(worker, 'SIGQUIT');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
  }
}
