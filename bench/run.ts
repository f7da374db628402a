/**
 * `npm run bench`: every benchmark, or those whose names are given (`npm run bench -- render propagation`). Each prints
 * a table; all of it goes to bench/results/<time>.json, with what machine it was. A number after a name is for that one:
 * rounds of `mending`, minutes of `soak`, which runs when it is asked for alone.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { findHome, openHome } from '../src/local/home.ts';
import { setUp } from '../src/local/setup/index.ts';
import { askedToStop } from '../src/local/signals.ts';
import { printSteps } from '../src/local/up/progress.ts';
import { startServices } from '../test/services.ts';

const ALL = ['render', 'propagation', 'fleet', 'reconcile', 'integrity', 'sweep', 'site', 'api', 'dashboard', 'platform', 'mending'];
const BY_NAME_ALONE = ['soak'];
const TAKE_A_NUMBER = ['mending', 'soak'];

const words = process.argv.slice(2);
const numbers = new Map<string, number>();
const asked = words.filter((word, i) => {
  const before = words[i - 1] ?? '';
  if (!TAKE_A_NUMBER.includes(before) || !/^\d+(\.\d+)?$/.test(word) || Number(word) === 0) return true;
  numbers.set(before, Number(word));
  return false;
});
const unknown = asked.filter((name) => !ALL.includes(name) && !BY_NAME_ALONE.includes(name));
if (unknown.length > 0) {
  console.error(`there is no benchmark ${unknown.join(', ')}; there are ${ALL.join(', ')}, and by name alone ${BY_NAME_ALONE.join(', ')}`);
  process.exit(2);
}

const home = findHome();
openHome(home);
// A first build of Temporal's runs in a process group of its own.
const stopping = askedToStop();
const installed = await setUp(home, printSteps(), stopping);
stopping.addEventListener('abort', () => process.exit(130));
const scratch = mkdtempSync(join(tmpdir(), 'reeve-bench-'));
process.env.REEVE_TOOLS = home.toolsDir;
const services = await startServices(installed, scratch);
Object.assign(process.env, services.environment);

const results: Record<string, unknown> = {};
try {
  for (const name of asked.length > 0 ? asked : ALL) {
    const { run } = (await import(`./${name}.ts`)) as { run(number?: number): Promise<unknown> };
    results[name] = await run(numbers.get(name));
  }
} finally {
  await services.stop();
  rmSync(scratch, { recursive: true, force: true });
}
const directory = join(import.meta.dirname, 'results');
mkdirSync(directory, { recursive: true });
const file = join(directory, `${new Date().toISOString().replaceAll(':', '-')}.json`);
const machine = { cpu: cpus()[0]?.model, cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30), node: process.version };
writeFileSync(file, `${JSON.stringify({ machine, results }, null, 2)}\n`);
console.log(`\nwritten to ${file}`);
process.exit(0);
