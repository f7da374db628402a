/**
 * An engine puts all its containers into one control group, which weighs as much as one process: beside a busy machine's
 * others, a whole platform would get what one of its parts gets elsewhere.
 */
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';
const PARENT = 'reevetest';
/** Of version 1 and 2: ten times a process's. */
const WEIGHTS = [['cpu', 'cpu.shares', '10240'], ['.', 'cpu.weight', '1000']] as const;

export interface Group {
  /** For --cgroup-parent. */
  readonly parent: string;
  remove(): void;
}

/** @returns null where this machine has no such groups, or allows none */
export function makeGroup(): Group | null {
  try {
    for (const [controller, file, weight] of WEIGHTS) {
      if (!existsSync(join(ROOT, controller, 'cgroup.procs'))) continue;
      const directory = join(ROOT, controller, PARENT);
      mkdirSync(directory, { recursive: true });
      if (existsSync(join(directory, file))) writeFileSync(join(directory, file), weight);
    }
  } catch {
    return null;
  }
  return { parent: `/${PARENT}`, remove };
}

function remove(): void {
  for (const directory of ['.', ...readdirSync(ROOT)].map((controller) => join(ROOT, controller, PARENT))) {
    try {
      rmdirSync(directory);
    } catch {
      // It is not there, or somebody uses it: an empty one costs nothing.
    }
  }
}
