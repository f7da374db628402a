import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Take away what is mounted below a directory, which a program that was killed has left there. */
export function unmountBelow(directory: string): void {
  const places = readFileSync('/proc/self/mounts', 'utf8').split('\n').map((line) => line.split(' ')[1] ?? '');
  for (const place of places.filter((one) => one.startsWith(`${directory}/`)).reverse()) spawnSync('umount', ['--lazy', place]);
}
