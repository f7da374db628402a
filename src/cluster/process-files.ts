/** What the process driver keeps on disk of each container, and finds again after the control worker restarted. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { ContainerConfig } from '../agent/config.ts';
import type { ProcessIdentity } from '../agent/supervise/processes.ts';
import { lastLines } from '../agent/vassals/log-tail.ts';
import { isId } from '../domain/id.ts';
import { places } from '../domain/layout.ts';
import { removeTreesSync } from '../process/remove-tree.ts';
import type { LocalFile } from './local-file.ts';

export interface ContainerFiles {
  readonly root: string;
  readonly runDir: string;
  /** What the supervisor is started with: 0600, since it holds the agents' database URL. */
  readonly config: string;
  /** The supervisor's pid and start, made by itself as the first thing: who makes it is the container. */
  readonly process: string;
  readonly log: string;
  /** Where the root is moved to before it is removed, so that half of it is never taken for a container. */
  readonly ended: string;
}

export function filesOf(local: Pick<LocalFile, 'home' | 'runDir'>, id: string): ContainerFiles {
  if (!isId('c', id)) throw new RangeError(`${JSON.stringify(id)} is not the id of a container`);
  const root = `${local.home}/containers/${id}`;
  return {
    root, runDir: `${local.runDir}/${id}`, config: `${root}/config.json`, process: `${root}/process.json`,
    log: places.supervisorLog({ root }), ended: `${local.home}/containers/ended-${id}`,
  };
}

/** Ids of the containers that have a root here, ascending. */
export function containerIds(local: Pick<LocalFile, 'home'>): string[] {
  const directory = `${local.home}/containers`;
  return existsSync(directory) ? readdirSync(directory).filter((name) => isId('c', name)).sort() : [];
}

export function makeRoot(files: ContainerFiles): void {
  mkdirSync(`${files.root}/log`, { recursive: true });
  // Sites' users pass through to what is theirs, and list nothing.
  chmodSync(files.root, 0o711);
}

/** Null when there is none yet. */
export function readConfigFile(files: ContainerFiles): ContainerConfig | null {
  return readJson<ContainerConfig>(files.config);
}

export function writeConfigFile(files: ContainerFiles, config: ContainerConfig): void {
  const draft = `${files.config}.${process.pid}.new`;
  writeFileSync(draft, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, files.config);
}

/** Who was started for the container; whether it still runs is another question. */
export function readProcessFile(files: ContainerFiles): ProcessIdentity | null {
  return readJson<ProcessIdentity>(files.process);
}

/** The incarnation that the platform gave to this start; null until its agent has joined. */
export function readIncarnation(files: ContainerFiles): number | null {
  return readJson<{ incarnation?: number }>(`${files.root}/incarnation.json`)?.incarnation ?? null;
}

export function removeRoot(files: ContainerFiles): void {
  removeTreesSync([files.ended]);
  if (existsSync(files.root)) renameSync(files.root, files.ended);
  removeTreesSync([files.ended, files.runDir]);
}

/** The last 20 lines of what it said, from the last 16 KiB: a container may have said much. None when it said nothing. */
export function lastSaid(files: ContainerFiles): string[] {
  return lastLines({ path: files.log }, 20, 16_384).split('\n').filter((line) => line !== '');
}

function readJson<T>(file: string): T | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
