import { closeSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { HomeLockedError } from '../home-lock.ts';
import { HomeError } from '../home.ts';
import { openLog } from '../log-file.ts';
import { PortTakenError } from '../ports.ts';
import { PostgresError } from '../postgres.ts';
import { SetupError } from '../setup/installed.ts';
import { TemporalError } from '../temporal.ts';

/**
 * Why a start ended, in one line for a person. What a tool of set-up itself said (pip, Go, initdb) goes to a log (0600)
 * that the line names; a server's failure names its own log and how it ends.
 * @returns null where it is nothing known: then the stack says more
 */
export function failureLine(error: unknown, logsDir: string): string | null {
  if (error instanceof SetupError) {
    if (error.tail === '') return error.message;
    const file = join(logsDir, 'set-up.log');
    const log = openLog(file);
    writeSync(log, `${new Date().toISOString()} ${error.step}: ${error.message}\n${error.tail}\n`);
    closeSync(log);
    return `${error.message}; what it said itself is in ${file}`;
  }
  if (error instanceof PostgresError || error instanceof TemporalError) {
    const last = error.tail.split('\n').at(-1);
    return last ? `${error.message}: ${last}` : error.message;
  }
  if (error instanceof PortTakenError) return `${error.message} since a moment ago: start again, and another one is chosen`;
  return error instanceof HomeError || error instanceof HomeLockedError ? error.message : null;
}
