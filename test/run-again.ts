/** What fails beside others is asked again alone: a fault of the code fails there too, a machine that was too busy does not. */
import { type Results, runFiles, total } from './run-files.ts';

/** More at once, and it is not the machine. */
const MOST = 3;

/**
 * Run those files again that failed, one at a time with nothing beside them, where they are few; what they say then counts.
 * What passes then is named as unsteady, for each has something to be mended: in the test, or in what it waits for.
 * docs/decisions/tests-again.md
 */
export async function runFailedAgain(first: Results, options: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<Results> {
  const failed = [...first].filter(([, counts]) => counts.failed > 0).map(([file]) => file);
  if (failed.length === 0 || failed.length > MOST || options.signal.aborted) return first;
  console.log(`\nagain, alone: ${failed.join(', ')}\n`);
  const results = new Map(first);
  for (const file of failed) {
    const counts = total(await runFiles([file], { ...options, concurrency: 1 }));
    // Nothing ran: it says nothing of what failed.
    if (counts.failed + counts.passed === 0) continue;
    results.set(file, counts);
    if (counts.failed === 0) console.log(`\nunsteady: ${file} failed at first, and passes alone`);
  }
  return results;
}
