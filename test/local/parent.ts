// A program for processes.test.ts: starts children, tells their numbers and the guard's, and waits to be killed.
import { execFileSync } from 'node:child_process';
import { createProcesses, type ProcessSpec } from '../../src/local/processes.ts';

const { options, specs } = JSON.parse(process.argv[2] as string) as {
  options: { recordsDir: string; logsDir: string };
  specs: ProcessSpec[];
};
const processes = await createProcesses(options);
const pids = specs.map((spec) => processes.start(spec).pid);
const own = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
  .trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/).map(Number))
  .filter(([pid, parent]) => parent === process.pid && !pids.includes(pid as number))
  .map(([pid]) => pid as number);
// The other one is `ps` itself, gone by now.
const guard = own.find((pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
});
console.log(JSON.stringify({ pids, guard }));
setInterval(() => {}, 1e6);
