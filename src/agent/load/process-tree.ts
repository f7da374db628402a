import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessUse {
  /** Of those that run now; of children that ended, once their parent has waited for them. */
  readonly cpuSeconds: number;
  /** Bytes in memory: private ones of each, and the largest shared part once, since forked workers share it. */
  readonly memory: number;
}

/** Linux: USER_HZ is 100 on every architecture that Node runs on. */
const TICKS = 100;
const PAGE = 4_096;

/** What a process and all its descendants use; null where there is no /proc. */
export function useOfTree(root: number): ProcessUse | null {
  let names: string[];
  try {
    names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return null;
  }
  const stats = new Map(names.flatMap((name) => {
    const stat = read(`/proc/${name}/stat`);
    // The name is in parentheses and may itself hold any character: fields are counted from the last one.
    return stat ? [[Number(name), stat.slice(stat.lastIndexOf(')') + 2).split(' ')] as const] : [];
  }));
  if (!stats.has(root)) return null;
  let ticks = 0;
  let privatePages = 0;
  let sharedPages = 0;
  for (const [pid, fields] of stats) {
    if (!descends(pid, root, stats)) continue;
    // utime, stime, cutime, cstime: fields 14 to 17 of proc(5), and these begin at the third.
    ticks += [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0);
    const [, resident = 0, shared = 0] = (read(`/proc/${pid}/statm`) ?? '').split(' ').map(Number);
    privatePages += resident - shared;
    sharedPages = Math.max(sharedPages, shared);
  }
  return { cpuSeconds: ticks / TICKS, memory: (privatePages + sharedPages) * PAGE };
}

function descends(pid: number, root: number, stats: ReadonlyMap<number, readonly string[]>): boolean {
  for (let at = pid, depth = 0; depth < 100; depth += 1) {
    if (at === root) return true;
    const parent = Number(stats.get(at)?.[1] ?? 0);
    if (parent <= 1 && parent !== root) return false;
    at = parent;
  }
  return false;
}

/** Null for a process that ended meanwhile. */
function read(file: string): string | null {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return null;
  }
}
