/** The real processes of a platform, for tests that kill or freeze them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { viewEmperor } from '../../src/agent/vassals/emperor.ts';
import { filesOf, readProcessFile } from '../../src/cluster/process-files.ts';
import { type ProcessRecord, readRecords } from '../../src/local/leftovers.ts';
import type { Platform } from './platform.ts';

/** One of the parts that `reeve up` keeps running itself: `control`, `api`, `temporal`, … */
export function partOf({ home }: Platform, name: string): ProcessRecord {
  const found = readRecords(join(home, 'processes')).find((record) => record.name === name);
  if (!found) throw new Error(`no process ${name} is on record`);
  return found;
}

/** Everything that runs below the container's supervisor, itself first. */
export function processesOf({ local }: Platform, container: string): number[] {
  const supervisor = readProcessFile(filesOf(local, container))!.pid;
  const children = new Map<number, number[]>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number)) {
    try {
      const parent = Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))![1]);
      children.set(parent, [...(children.get(parent) ?? []), pid]);
    } catch { /* it has ended meanwhile */ }
  }
  const below = (pid: number): number[] => [pid, ...(children.get(pid) ?? []).flatMap(below)];
  return below(supervisor);
}

/** The masters of a container's vassals, by site; 0 for one that does not run. */
export async function vassalsOf({ local }: Platform, container: string): Promise<Map<string, number>> {
  const view = await viewEmperor(join(local.runDir, container, 'own/emperor.stats'));
  if (!view) throw new Error(`the emperor of ${container} does not answer`);
  return new Map([...view].map(([name, { pid }]) => [name.split('.')[0]!, pid]));
}

/** A master's workers. */
export function workersOf(master: number): number[] {
  const file = `/proc/${master}/task/${master}/children`;
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split(' ').filter((text) => text !== '').map(Number) : [];
}
