/**
 * A container's supervisor at its worst, for the driver's own tests: it and its child ignore being asked to end, and
 * the child is in its group. `mode` in its slot's name chooses.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const config = JSON.parse(readFileSync(process.argv.at(-1)!, 'utf8')) as { root: string; slot: string };
if (config.slot.startsWith('stubborn')) process.on('SIGTERM', () => {});
if (config.slot.startsWith('broken')) {
  console.error('the disk is full');
  process.exit(1);
}
const child = spawn('/bin/sh', ['-c', 'trap "" TERM; while :; do sleep 1; done', config.slot], { cwd: config.root, stdio: 'ignore' });
writeFileSync(`${config.root}/child`, String(child.pid));
console.log('ready', process.pid, JSON.stringify({ env: Object.keys(process.env).sort() }));
process.on('SIGUSR1', () => {});
setInterval(() => {}, 1_000);
