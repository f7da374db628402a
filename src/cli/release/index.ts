import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { isReeveError, ReeveError } from '../../domain/errors.ts';
import { act, type CommonOptions, type Context, talks, waits } from '../context.ts';
import { newKey } from '../key.ts';
import { fields, table } from '../output/table.ts';
import { age } from '../output/time.ts';
import { readAll } from '../pages.ts';
import type { Release } from '../resources.ts';
import { awaitRun, printOutcome } from '../run/accepted.ts';
import { paintStatus } from '../site/show.ts';
import { didYouMean } from '../suggest.ts';

/** `reeve release create|check|list|show`. */
export function addRelease(program: Command): void {
  const release = program.command('release').alias('releases').description('immutable versions of the codebase');
  addCreate(release);
  addCheck(release);

  talks(release.command('list').alias('ls').description('list the releases'))
    .addHelpText('after', '\nExample:\n  reeve release list')
    .action(act<[]>(async (context) => {
      const page = await readAll<Release>(context.api, '/releases');
      if (context.terminal.json) return context.terminal.printJson(page);
      if (page.items.length === 0) return context.terminal.note('no releases yet; make one with: reeve release create <path>');
      context.terminal.print(table(page.items, [
        { title: 'release', cell: (each) => each.id },
        { title: 'codebase', cell: (each) => each.codebase },
        { title: 'phase', cell: (each) => paintStatus(context.terminal, each.phase) },
        { title: 'sites', cell: (each) => each.sites, right: true },
        { title: 'digest', cell: (each) => each.digest?.slice(0, 12) },
        { title: 'age', cell: (each) => age(each.createdAt), right: true },
      ]));
    }));

  talks(release.command('show').description('show a release'))
    .argument('<release>', 'its id')
    .addHelpText('after', '\nExample:\n  reeve release show r012345678 --json')
    .action(act<[string]>(async (context, id) => {
      const found = await findRelease(context, id);
      if (context.terminal.json) return context.terminal.printJson(found);
      printRelease(context, found);
    }));
}

function addCreate(release: Command): void {
  waits(release.command('create').description('prepare a release of a codebase, and wait until it is ready'))
    .argument('<path>', 'the directory that holds codebase.json, as the platform’s own machine sees it')
    .addHelpText('after', `
Examples:
  reeve release check ../mysite
  reeve release create ../mysite`)
    .action(act<[string]>(async (context, path) => {
      const answer = await context.api.exchange<Release>('POST', '/releases',
        { body: { source: absolute(context, path) }, idempotencyKey: newKey() });
      const { id } = answer.body;
      const run = await awaitRun(context, answer, id);
      const read = () => findRelease(context, id);
      if (context.terminal.json) return printOutcome(context, answer, run, read);
      printRelease(context, run === null ? answer.body : await read());
    }));
}

/** `reeve release check`: everything that preparing a release would do, tried here, without a platform. */
function addCheck(release: Command): void {
  release.command('check').description('try a codebase on this machine, with no platform needed, and name what is missing')
    .argument('<path>', 'the directory that holds codebase.json')
    .option('--no-database', 'do not start a Postgres to try its migrations, hooks and health path')
    .option('--json', 'print the findings as JSON')
    .option('-q, --quiet', 'print the result only')
    .addHelpText('after', '\nExamples:\n  reeve release check ../mysite\n  reeve release check ../mysite --no-database')
    .action(act<[string], CommonOptions & { database: boolean }>(async (context, path, options) =>
      (await import('./check.ts')).check(context, path, options)));
}

/** A platform on this machine knows this path; another one may know a path that is not here. */
function absolute(context: Context, path: string): string {
  const full = resolve(path);
  if (context.connection.access && !existsSync(full)) throw new ReeveError('bad-request', `there is no directory ${full}`);
  return full;
}

async function findRelease(context: Context, id: string): Promise<Release> {
  try {
    return await context.api.request<Release>('GET', `/releases/${encodeURIComponent(id)}`);
  } catch (error) {
    if (!isReeveError(error, 'not-found')) throw error;
    const { items } = await readAll<Release>(context.api, '/releases');
    throw new ReeveError('not-found', `no release ${id}${didYouMean(id, items.map((each) => each.id))}`);
  }
}

function printRelease(context: Context, found: Release): void {
  context.terminal.print(fields([
    ['id', found.id],
    ['codebase', found.codebase],
    ['phase', paintStatus(context.terminal, found.phase)],
    ['digest', found.digest],
    ['sites', found.sites],
    ['source', found.source],
    ['age', age(found.createdAt)],
    ['run', found.run ? `${found.run.id} (${found.run.state})` : null],
  ]));
}
