import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, readlink, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Of a holder that nothing but its file tells of: how often it touches that, and after how long it is taken for gone. */
const TOUCHED_MS = 10_000;
const GONE_MS = 60_000;

/**
 * Does `work` as the only one, across processes: what it makes has a fixed place. The lock is a file that names its
 * holder and appears whole, by link(2); one whose holder is gone is taken over. Holders may be in other containers that
 * share the volume, where a process's number says nothing: of those it is the file's time that does.
 */
export async function alone<T>(file: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o755 });
  // By chance: in another container another one may have our number.
  const draft = `${file}.${randomUUID()}`;
  const own = `${process.pid} ${await startOf(process.pid)} ${await numberedIn()} ${draft}`;
  // By this handle it is our own file that is touched, whatever has its name by then.
  const handle = await open(draft, 'w');
  const touch = () => void handle.utimes(new Date(), new Date()).catch(() => {});
  const touching = setInterval(touch, TOUCHED_MS).unref();
  try {
    try {
      await handle.writeFile(own);
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
  } finally {
    clearInterval(touching);
    await handle.close();
  }
}

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
  if (!(await isStale(file))) return;
  // Renamed first: of two that find it stale one gets it, and a lock that is new by then is put back.
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (!(await isStale(aside))) await linked(aside, file);
  await rm(aside, { force: true });
}

async function isStale(file: string): Promise<boolean> {
  const holder = await read(file);
  if (holder === null) return false;
  const [pid, start, where] = holder.split(' ');
  if (where === await numberedIn()) return (await startOf(Number(pid))) !== start;
  const touched = await stat(file).then(({ mtimeMs }) => mtimeMs, unlessGone);
  return touched !== null && Date.now() - touched > GONE_MS;
}

async function read(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch(unlessGone);
}

function unlessGone(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

/** Where this process's number counts: the boot, and the PID namespace. `-` where there are none. */
async function numberedIn(): Promise<string> {
  if (process.platform !== 'linux') return '-';
  return `${(await readFile('/proc/sys/kernel/random/boot_id', 'latin1')).trim()}/${await readlink('/proc/self/ns/pid')}`;
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
