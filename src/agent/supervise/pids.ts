import { readFileSync } from 'node:fs';
import { replaceFile } from '../files/atomic.ts';
import { endAll, isRunning, type ProcessIdentity, remains } from './processes.ts';

export type Sibling = 'nginx' | 'emperor' | 'agent';

/** Who runs in a container, in `<root>/pids.json`: for the agent's signals, and for the start after a crash. */
export interface Pids {
  readonly supervisor: ProcessIdentity | null;
  readonly siblings: Partial<Record<Sibling, ProcessIdentity>>;
}

const file = (root: string) => `${root}/pids.json`;

export function readPids(root: string): Pids {
  try {
    return JSON.parse(readFileSync(file(root), 'utf8')) as Pids;
  } catch {
    return { supervisor: null, siblings: {} };
  }
}

export function writePids(root: string, pids: Pids): void {
  replaceFile(file(root), JSON.stringify(pids), { mode: 0o600 });
}

/**
 * Before a supervisor starts: refuse when another one runs this root, else end what a killed one left. Taking the
 * leftovers over instead was rejected: they could not be waited for, and their descriptors' limits are unknown.
 * @throws when a supervisor of this root is alive
 */
export async function endLeftovers(root: string): Promise<number> {
  const { supervisor, siblings } = readPids(root);
  if (supervisor && isRunning(supervisor)) {
    throw new Error(`process ${supervisor.pid} already runs the container in ${root}`);
  }
  // The emperor first: it would start its vassals again.
  const order: Sibling[] = ['agent', 'emperor', 'nginx'];
  let ended = 0;
  for (const name of order) {
    const leader = siblings[name];
    if (!leader) continue;
    const left = remains(leader, root);
    ended += left.length;
    await endAll(left, 'SIGTERM', 2_000);
  }
  return ended;
}
