/**
 * `npm test`: brings what the tests run on, starts one Postgres and one Temporal server for all of them, and runs the
 * files: small ones side by side, one more than there are processors since each waits now and then, and beside them those
 * that start a whole platform. A few that failed run again, alone.
 *
 *   npm test                    everything
 *   npm test -- agent domain    only files whose path holds one of these words
 */
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { findHome, openHome } from '../src/local/home.ts';
import { type Installed, setUp } from '../src/local/setup/index.ts';
import { printSteps } from '../src/local/up/progress.ts';
import { directoryInMemory, removeDirectory } from './in-memory.ts';
import { runFailedAgain } from './run-again.ts';
import { type Results, ROOT, runFiles, summary, took, total } from './run-files.ts';
import { startServices } from './services.ts';
import { bringVersitygw } from './storage/versitygw.ts';

/** Files that start a whole platform of their own: two at a time, beside the small ones, since most of their time is waiting (for leases, for sweeps). */
const PLATFORMS = `test${sep}system${sep}`;
const LONGEST_MS = 15 * 60_000;
/** Directories of files that take long or wait much, which go first: the last ones are short and keep all processors busy to the end. */
const FIRST = ['browser', 'codebase', 'workflows', 'tenant', 'agent', 'control', 'cli'];
/** What those that had a platform go on with, so that all end at about the same time. */
const AFTER_PLATFORMS = ['domain', 'health', 'local'];

const begun = performance.now();
const words = process.argv.slice(2);
const files = globSync('test/**/*.test.ts', { cwd: ROOT })
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort();
if (files.length === 0) {
  console.error(`no test file has ${words.join(' or ')} in its path`);
  process.exit(2);
}

const stopping = new AbortController();
// More than once: a terminal's Ctrl-C reaches this process directly and through those above it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort(new Error(`stopped by ${signal}`)));

// As where a reader of its output is gone, as in `npm test | head`.
process.stdout.on('error', (error) => stopping.abort(error));

// Programs and virtual environments are shared with the platform of this clone; state is not.
const home = findHome();
openHome(home);
const report = printSteps();
const installed = await bring().catch((error) => {
  if (!stopping.signal.aborted) throw error;
  console.error(stopping.signal.reason.message);
  process.exit(1);
});
const memory = directoryInMemory();
if (memory) {
  process.env.TMPDIR = memory;
  process.once('exit', () => removeDirectory(memory));
}
const scratch = mkdtempSync(join(tmpdir(), 'reeve-test-'));
for (const name of ['home', 'packages']) mkdirSync(join(scratch, name));
process.env.REEVE_TOOLS = home.toolsDir;
process.env.REEVE_TEST_PACKAGES = join(scratch, 'packages');
const services = await startServices(installed, scratch);
Object.assign(process.env, services.environment);

const isSetUp = performance.now();
let results: Results = new Map();
try {
  const platforms = files.filter((file) => file.startsWith(PLATFORMS));
  const small = files.filter((file) => !platforms.includes(file));
  const of = (directories: readonly string[]) => directories.flatMap((directory) => small.filter((file) => file.split(sep)[1] === directory));
  const [first, afterPlatforms] = [of(FIRST), of(AFTER_PLATFORMS)];
  const inTurn = [...first, ...small.filter((file) => !first.includes(file) && !afterPlatforms.includes(file))];
  const options = { timeoutMs: LONGEST_MS, signal: stopping.signal };
  const run = async (some: readonly string[], concurrency: number) => {
    const more = await runFiles(some, { ...options, concurrency });
    results = new Map([...results, ...more]);
  };
  await Promise.all([run([...platforms, ...afterPlatforms], 2), run(inTurn, availableParallelism() + 1)]);
  results = await runFailedAgain(results, options);
} finally {
  await services.stop();
  rmSync(scratch, { recursive: true, force: true });
}
console.log(took(performance.now() - begun, isSetUp - begun));
const counts = total(results);
console.log(summary(counts));
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0);

/** What the platform runs on, and what these tests need besides. */
async function bring(): Promise<Installed> {
  const found = await setUp(home, report, stopping.signal);
  if (files.some((file) => readFileSync(join(ROOT, file), 'utf8').includes('versitygw'))) await bringVersitygw(report, stopping.signal);
  return found;
}
