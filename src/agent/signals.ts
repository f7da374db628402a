import { readPids, type Sibling } from './supervise/pids.ts';
import { isRunning, type ProcessIdentity, signalProcess } from './supervise/processes.ts';

/** The agent's siblings, as the supervisor recorded them: looked up each time, since they may have been restarted. */
export interface Siblings {
  /** False when it does not run now. */
  signal(name: Exclude<Sibling, 'agent'>, signal: NodeJS.Signals): boolean;
  find(name: Exclude<Sibling, 'agent'>): ProcessIdentity | null;
}

export function siblingsOf(root: string): Siblings {
  const find = (name: Exclude<Sibling, 'agent'>) => {
    const one = readPids(root).siblings[name];
    return one && isRunning(one) ? one : null;
  };
  return {
    find,
    signal: (name, signal) => {
      const one = find(name);
      return one !== null && signalProcess(one, signal);
    },
  };
}
