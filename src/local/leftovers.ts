import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isRunning, type ProcessIdentity, signalProcess } from '../process/identity.ts';

/** A child that runs, as kept on disk while it does. */
export interface ProcessRecord extends ProcessIdentity {
  readonly name: string;
  /** Whoever started it. While that one runs, the child is nobody's leftover. */
  readonly parent: ProcessIdentity;
  readonly stopSignal: NodeJS.Signals;
  /** Milliseconds between `stopSignal` and SIGKILL. */
  readonly grace: number;
  /** Position in the order of starting; the last one started is stopped first. */
  readonly order: number;
}

export function writeRecord(directory: string, record: ProcessRecord): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = fileOf(directory, record);
  writeFileSync(`${file}.part`, JSON.stringify(record));
  renameSync(`${file}.part`, file);
}

export function removeRecord(directory: string, record: ProcessRecord): void {
  rmSync(fileOf(directory, record), { force: true });
}

/** All records, last started first. */
export function readRecords(directory: string): ProcessRecord[] {
  const records: ProcessRecord[] = [];
  for (const file of listRecords(directory)) {
    try {
      records.push(JSON.parse(readFileSync(join(directory, file), 'utf8')) as ProcessRecord);
    } catch (error) {
      // Removed meanwhile, or from before a crash of the machine that lost its contents: it names nobody.
      if (!(error instanceof SyntaxError) && (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return records.sort((a, b) => b.order - a.order);
}

/**
 * Ends what a killed parent left running, each by its number and start time: asked first, one after the other in
 * the order of stopping, then killed. Children of a parent that runs are let be: a guard may come to this after the
 * next start has children of its own. Returns the names of those that still ran.
 */
export async function endLeftovers(directory: string): Promise<string[]> {
  const ended: string[] = [];
  for (const record of readRecords(directory)) {
    if (isRunning(record.parent)) continue;
    if (isRunning(record)) {
      ended.push(record.name);
      await endProcess(record);
    }
    removeRecord(directory, record);
  }
  return ended;
}

/** Asks a process to end, kills it (and what is left in its group) after its grace, and waits until it is gone. */
export async function endProcess(record: ProcessIdentity & Pick<ProcessRecord, 'stopSignal' | 'grace'>): Promise<void> {
  signalProcess(record, record.stopSignal);
  if (await goneWithin(record, record.grace)) return;
  if (isRunning(record)) killGroup(record.pid);
  await goneWithin(record, 10_000);
}

/** Children lead groups of their own, so this reaches what they started and nothing else. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    process.kill(pid, 'SIGKILL');
  }
}

async function goneWithin(identity: ProcessIdentity, milliseconds: number): Promise<boolean> {
  const end = Date.now() + milliseconds;
  while (isRunning(identity)) {
    if (Date.now() >= end) return false;
    await delay(25);
  }
  return true;
}

function listRecords(directory: string): string[] {
  try {
    return readdirSync(directory).filter((file) => !file.endsWith('.part'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function fileOf(directory: string, record: ProcessRecord): string {
  return join(directory, `${record.name}.${record.pid}`);
}
