/**
 * What the agent knew when all was well, on disk, so that after a restart nothing is rendered and read again that is as
 * it was. It is a cache: a missing, torn or strange one costs time and nothing else. No secret is in it.
 */
import { createHash, hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Layout } from '../../domain/layout.ts';
import type { SitesKey } from '../../domain/secrets.ts';
import type { Remembered } from '../../render/remembered.ts';
import { replaceFile } from '../files/atomic.ts';
import type { Known } from '../files/tree.ts';

export interface Memory {
  /** Of whatever else decides the files: code, layout, key. */
  readonly maker: string;
  /** The kept state it was made from (`LastKnownGood.mark`). */
  readonly mark: string;
  readonly remembered: Remembered;
  readonly files: readonly Known[];
}

const SUM = 64;

/** Null when there is none that another maker did not write. */
export function readMemory(file: string, maker: string): Memory | null {
  try {
    const text = readFileSync(file, 'utf8');
    const body = text.slice(SUM);
    if (hash('sha256', body, 'hex') !== text.slice(0, SUM)) return null;
    const memory = JSON.parse(body) as Memory;
    return memory.maker === maker ? memory : null;
  } catch {
    return null;
  }
}

export function writeMemory(file: string, memory: Memory): void {
  const body = JSON.stringify(memory);
  replaceFile(file, hash('sha256', body, 'hex') + body, { mode: 0o600 });
}

/** Everything that a rendering depends on beside the desired state: any other code may give other bytes. */
export function makerOf(layout: Layout, sitesKey: SitesKey): string {
  const sum = createHash('sha256').update(JSON.stringify(layout)).update(hash('sha256', sitesKey, 'hex'));
  for (const part of ['src/render', 'src/domain', 'src/storage', 'templates']) {
    const directory = fileURLToPath(new URL(`../../../${part}/`, import.meta.url));
    const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    for (const path of files.map((entry) => `${entry.parentPath}/${entry.name}`).sort()) sum.update(`${path}\n`).update(readFileSync(path));
  }
  return sum.digest('hex');
}
