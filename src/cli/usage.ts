/** What a command line that cannot be read is answered with: one line, a pointer to the help, exit code 2. */
import type { Command, CommanderError } from 'commander';
import { ReeveError } from '../domain/errors.ts';
import { problem } from './failure.ts';

/** Sets this for a command and all below it; commander copies settings only to commands made later. */
export function inheritUsage(command: Command): void {
  command
    .showHelpAfterError(wantsJson() ? false : '(--help shows how it is used)')
    .configureOutput({
      outputError: (text, write) => {
        const line = text.replace(/^error: /, '').trimEnd();
        write(wantsJson() ? `${JSON.stringify(problem(new ReeveError('bad-request', line)), null, 2)}\n` : `reeve: ${line}\n`);
      },
    })
    .exitOverride((error: CommanderError) => process.exit(error.exitCode === 0 ? 0 : 2));
  for (const child of command.commands) inheritUsage(child);
}

/** Asked before the line is parsed, as this is about lines that cannot be. What follows `--` is another program's. */
function wantsJson(): boolean {
  const end = process.argv.indexOf('--');
  return process.argv.slice(2, end < 0 ? undefined : end).includes('--json');
}
