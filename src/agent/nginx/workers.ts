/**
 * Which of nginx's workers take connections. After a HUP the master waits 100 ms "to allow new processes to start"
 * before it tells the old ones to stop: until then they go on answering from the former configuration, so that one
 * answer from the new one proves little. A worker that was told to stop says so in its title, just before it closes
 * its listening sockets.
 */
import { readFileSync } from 'node:fs';

const SHUTTING_DOWN = 'is shutting down';

/** Pids of the workers that take connections; none when the master is not there. */
export function acceptingWorkers(master: number): number[] {
  let children: string;
  try {
    children = readFileSync(`/proc/${master}/task/${master}/children`, 'latin1');
  } catch {
    return [];
  }
  return children.trim().split(/\s+/).filter(Boolean).map(Number).filter(isAccepting);
}

export function isAccepting(worker: number): boolean {
  try {
    const title = readFileSync(`/proc/${worker}/cmdline`, 'latin1');
    return title !== '' && !title.includes(SHUTTING_DOWN);
  } catch {
    return false;
  }
}
