import { dirname, join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

const STOPPED = new URL('stopped.ts', import.meta.url).href;

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Of the files, in the order of the time that their tests took: where to look when all of it takes too long. */
const SHOWN = 12;

/** What came of each file, by its path below the project's root. */
export type Results = ReadonlyMap<string, Counts>;

export const NONE: Counts = { passed: 0, failed: 0, skipped: 0 };
export const plus = (a: Counts, b: Counts): Counts =>
  ({ passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped });
export const total = (results: Results): Counts => [...results.values()].reduce(plus, NONE);

/** How long a run took, in all and without set-up: the line before the last. Milliseconds. */
export function took(allMs: number, setUpMs: number): string {
  const words = (ms: number) => {
    const seconds = Math.round(ms / 1_000);
    return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  };
  return `\ntook ${words(allMs)}, of it ${words(setUpMs)} of set-up`;
}
/** The last line of a run; `.ci/run` adds those of several. */
export const summary = ({ passed, failed, skipped }: Counts) => `${passed} passed, ${failed} failed, ${skipped} skipped`;

/**
 * Run test files in processes of their own, and print what they say.
 * @param files   below the project's root
 * @param signal  ends those that run
 * @returns of each file that was begun; one that fails as a whole (it cannot be loaded, or takes too long) has one failed
 */
export async function runFiles(
  files: readonly string[], { concurrency, timeoutMs, signal }: { concurrency: number; timeoutMs: number; signal?: AbortSignal },
): Promise<Results> {
  const results = new Map<string, Counts>();
  if (files.length === 0) return results;
  const spent = new Map<string, number>();
  const took = (event: TestEvent) => {
    if (event.nesting === 0) spent.set(fileOf(event), (spent.get(fileOf(event)) ?? 0) + event.details.duration_ms);
  };
  const add = (event: TestEvent, one: Partial<Counts>) => {
    const path = fileOf(event);
    results.set(path, plus(results.get(path) ?? NONE, { ...NONE, ...one }));
  };
  const stream = run({ files: files.map((file) => join(ROOT, file)), concurrency, timeout: timeoutMs, execArgv: ['--import', STOPPED], ...(signal ? { signal } : {}) });
  stream.on('test:pass', (event) => {
    took(event);
    if (event.details.type !== 'suite') add(event, event.skip !== undefined ? { skipped: 1 } : { passed: 1 });
  });
  stream.on('test:fail', (event) => {
    took(event);
    // A suite fails with its tests, which are counted, or by itself, where one of its hooks does.
    if (event.details.type !== 'suite' || (event.details.error as { failureType?: string }).failureType !== 'subtestsFailed') add(event, { failed: 1 });
  });
  // Not piped: where nobody reads any more, a pipe stands still, and the run with all that it started.
  for await (const text of stream.compose(spec)) process.stdout.write(text);
  const slowest = [...spent].sort(([, a], [, b]) => b - a).slice(0, SHOWN);
  if (files.length > SHOWN) console.log(`\nslowest: ${slowest.map(([file, ms]) => `${file} ${Math.round(ms / 1_000)} s`).join(', ')}`);
  return results;
}

/** `file` is where the test is written, which several files may share; `entryFile`, of Node from 24 on, the one that was run. */
interface TestEvent {
  readonly file?: string | undefined;
  readonly entryFile?: string;
  readonly name: string;
  readonly nesting: number;
  readonly details: { readonly duration_ms: number };
}

const fileOf = ({ entryFile, file, name }: TestEvent) => relative(ROOT, entryFile ?? file ?? name);
