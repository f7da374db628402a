/** Processes and what they leave behind: nginx's workers and vassals outlive a master that was killed. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { identify, isRunning, type ProcessIdentity, signalProcess } from '../../process/identity.ts';

export { identify, isRunning, type ProcessIdentity, signalProcess };

/**
 * What is left of the process group that `leader` led, with `root` or a directory below it as working directory. The
 * group's number cannot be given out again while members live; the directory tells ours from a later group that got it.
 */
export function remains(leader: ProcessIdentity, root: string): ProcessIdentity[] {
  const found: ProcessIdentity[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || group(name) !== leader.pid || !isWithin(workingDirectory(name), root)) continue;
    const member = identify(Number(name));
    if (member && (member.pid !== leader.pid || member.start === leader.start)) found.push(member);
  }
  return found;
}

function group(pid: string): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
  } catch {
    return null;
  }
}

function workingDirectory(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

const isWithin = (directory: string, root: string) => directory === root || directory.startsWith(`${root}/`);

/** End them: asked with `first`, killed after `graceMs`. Returns when none runs. */
export async function endAll(
  processes: readonly ProcessIdentity[], first: NodeJS.Signals, graceMs: number,
): Promise<void> {
  for (const one of processes) signalProcess(one, first);
  const deadline = performance.now() + graceMs;
  while (processes.some(isRunning)) {
    if (performance.now() > deadline) for (const one of processes) signalProcess(one, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
