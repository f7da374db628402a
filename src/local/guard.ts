import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { endLeftovers } from './leftovers.ts';

/**
 * Starts a guard: a shell of about 1 MB that waits for the end of this process (its standard input is a pipe from
 * here) and then ends the children that are on record. So nothing goes on after SIGKILL. Node starts for that only
 * then, and not at all where no record is left.
 */
export function startGuard(recordsDirectory: string): ChildProcess {
  const script = `trap '' INT TERM HUP QUIT
cat > /dev/null
for record in "$3"/*; do
  if [ -e "$record" ]; then exec "$@"; fi
done`;
  const program = fileURLToPath(import.meta.url);
  const guard = spawn('/bin/sh', ['-c', script, 'reeve-guard', process.execPath, program, recordsDirectory], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
  });
  guard.on('error', () => {}); // without a guard the next start still ends what is left
  guard.unref();
  (guard.stdin as unknown as { unref(): void }).unref();
  return guard;
}

// Started by the shell above.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await endLeftovers(process.argv[2] as string);
}
