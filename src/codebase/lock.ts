import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Does `work` as the only one, across processes: what it makes has a fixed place. The lock is a file that names its
 * holder and appears whole, by link(2); one whose holder is gone is taken over.
 */
export async function alone<T>(file: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o755 });
  const draft = `${file}.${process.pid}-${counter++}`;
  const own = `${process.pid} ${await startOf(process.pid)} ${draft}`;
  await writeFile(draft, own);
  try {
    while (!(await linked(draft, file))) {
      await breakStale(file, `${draft}.stale`);
      await delay(100, undefined, { signal });
    }
  } finally {
    await rm(draft, { force: true });
  }
  try {
    return await work();
  } finally {
    if ((await read(file)) === own) await rm(file, { force: true });
  }
}

let counter = 0;

async function linked(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function breakStale(file: string, aside: string): Promise<void> {
  const holder = await read(file);
  if (holder === null) return;
  const [pid, start] = holder.split(' ');
  if ((await startOf(Number(pid))) === start) return;
  // Renamed first: of two that find it stale one gets it, and a lock that is new by then is put back.
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await read(aside)) !== holder) await linked(aside, file);
  await rm(aside, { force: true });
}

async function read(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

/** Tells a process from a later one with its number; null when there is none. `-` where only the number is known. */
async function startOf(pid: number): Promise<string | null> {
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => null);
    // The name stands in parentheses and may hold any character, so fields count from the last one.
    return stat === null ? null : (stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null);
  }
  try {
    process.kill(pid, 0);
    return '-';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? '-' : null;
  }
}
