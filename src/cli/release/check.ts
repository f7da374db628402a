import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type CheckTools, type CodebaseFinding, checkCodebase } from '../../codebase/index.ts';
import { ReeveError } from '../../domain/errors.ts';
import { findHome, type Home, openHome } from '../../local/home.ts';
import type { Report, Step } from '../../local/setup/index.ts';
import { createPip } from '../../local/setup/pip.ts';
import { findPostgres } from '../../local/setup/postgres.ts';
import { findPython } from '../../local/setup/python.ts';
import type { Context } from '../context.ts';
import { Detached } from '../failure.ts';
import { withTrialDatabase } from './trial-database.ts';

/** A user that owns nothing on this machine: code that is only tried must not run as root. */
const NOBODY = { uid: 65_534, gid: 65_534 };

/**
 * Tries all that preparing a release would do, and prints what was found.
 * @throws ReeveError `codebase-refused` when there is a problem
 */
export async function check(context: Context, path: string, options: { database: boolean }): Promise<void> {
  const directory = resolve(path);
  if (!existsSync(directory)) throw new ReeveError('bad-request', `there is no directory ${directory}`);
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort(new Detached('\nstopped; nothing is left behind'));
  process.once('SIGINT', onInterrupt);
  try {
    const tools = await findTools(context, options.database, interrupt.signal);
    const findings = await checkCodebase(directory, tools);
    if (context.terminal.json) context.terminal.printJson({ items: findings, next: null });
    else printFindings(context, findings);
    const problems = findings.filter((finding) => finding.state === 'problem');
    if (problems.length > 0) {
      throw new ReeveError('codebase-refused', `${path} cannot be used yet: ${problems.map(({ title }) => `not so: ${title}`).join('; ')}`);
    }
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

async function findTools(context: Context, database: boolean, signal: AbortSignal): Promise<CheckTools> {
  const home: Home = findHome();
  openHome(home);
  const report: Report = (step) => noteStep(context, step);
  const python = await findPython(home, report);
  const pip = createPip(home, python);
  const postgres = database ? await findPostgres(home, report) : null;
  return {
    releasesDir: join(home.root, 'releases'),
    makeVenv: (venv) => pip.makeVenv(venv, report),
    installRequirements: (venv, file) => pip.installRequirements(venv, file, report),
    report: (message) => context.terminal.note(message),
    signal,
    ...(process.getuid?.() === 0 ? { user: NOBODY } : {}),
    ...(postgres?.binDir ? { withDatabase: (use) => withTrialDatabase(home, { postgres }, use) } : {}),
  };
}

function noteStep(context: Context, step: Step): void {
  if (step.state === 'working' || step.state === 'failed') context.terminal.note(`${step.name}: ${step.detail}`);
}

function printFindings(context: Context, findings: readonly CodebaseFinding[]): void {
  const { terminal } = context;
  const marks = { ok: terminal.paint('green', '✓'), problem: terminal.paint('red', '✗'), skipped: terminal.paint('dim', '-') };
  for (const { state, title, lastLines, advice } of findings) {
    terminal.print(`${marks[state]} ${title}${state === 'skipped' ? terminal.paint('dim', '  (not tried)') : ''}`);
    for (const line of lastLines) terminal.print(`    ${line}`);
    if (advice) terminal.print(`    → ${advice}`);
  }
}
