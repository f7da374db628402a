/**
 * `npm run test:docker`: what runs on a real Docker engine. Uses the engine that is there, or starts one of its own as
 * root; where there can be none, or not in time, it says so, and counts the files as skipped. With words: only files
 * whose path holds one of them.
 */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { findHome, openHome } from '../../src/local/home.ts';
import { findTemporal } from '../../src/local/setup/temporal.ts';
import { printSteps } from '../../src/local/up/progress.ts';
import { runFailedAgain } from '../run-again.ts';
import { type Counts, NONE, ROOT, runFiles, summary, total } from '../run-files.ts';
import { bringBase } from './base.ts';
import { type Engine, findEngine } from './dockerd.ts';
import { buildImage, buildStandIns } from './image.ts';
import { FAMILY, removeAll } from './leftovers.ts';
import { whyNoBuild, whyNoInternet } from './probe.ts';
import { createSteps, Unavailable } from './steps.ts';

/** Of this run alone. */
const OWN = `${FAMILY}${process.pid}-`;
const MINUTE_MS = 60_000;
/** Together less than `.ci/run` gives. */
const SET_UP_WITHIN_MS = 7 * MINUTE_MS;
const TESTED_WITHIN_MS = 12 * MINUTE_MS;
const FAILED: Counts = { ...NONE, failed: 1 };

const words = process.argv.slice(2);
const files = globSync('test/docker/*.docker.ts', { cwd: ROOT }).filter((file) => words.length === 0 || words.some((word) => file.includes(word)));

const stopping = new AbortController();
// More than once: a terminal's Ctrl-C, and `timeout`, reach this process directly and through those above it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort(new Error(`stopped by ${signal}`)));

const home = findHome();
openHome(home);
let engine: Engine | undefined;
let counts: Counts = FAILED;
try {
  const step = createSteps(AbortSignal.any([stopping.signal, AbortSignal.timeout(SET_UP_WITHIN_MS)]));
  // Built with Go where nothing else gives it, which takes minutes; `npm test` has done so, where that ran before.
  const temporal = await step('Temporal', SET_UP_WITHIN_MS, bringTemporal);
  engine = await step('an engine', MINUTE_MS, (signal) => findEngine(join(home.root, 'docker'), join(home.logsDir, 'dockerd.log'), signal));
  process.env.DOCKER_HOST = engine.host;
  const docker = new Docker();
  // What an earlier run left that was killed; of an engine that is others' too, each run takes its own things back itself.
  if (engine.own) await removeAll(docker, FAMILY);
  await step('the base image', SET_UP_WITHIN_MS, (signal) => bringBase(docker, signal));
  const noInternet = await step('containers on a network', MINUTE_MS, () => whyNoInternet(docker, `${OWN}probe`));
  await step('the images', SET_UP_WITHIN_MS, () => buildAll(docker, temporal));
  Object.assign(process.env, { REEVE_TEST_PREFIX: OWN, REEVE_TEST_NO_INTERNET: noInternet ?? '' });
  const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(TESTED_WITHIN_MS)]);
  const options = { timeoutMs: TESTED_WITHIN_MS, signal };
  counts = total(await runFailedAgain(await runFiles(files.sort(), { ...options, concurrency: 1 }), options));
} catch (error) {
  const { message } = error as Error;
  if (error instanceof Unavailable && !stopping.signal.aborted) {
    console.log(`Docker tests are skipped: ${message}`);
    counts = { ...NONE, skipped: files.length };
  } else {
    console.error(message);
  }
} finally {
  if (engine) {
    await removeAll(new Docker(), OWN).catch((error: Error) => console.error(`some of it is left on the engine: ${error.message}`));
    await engine.stop();
  }
}
console.log(summary(counts));
process.exit(counts.failed > 0 ? 1 : 0);

async function bringTemporal(): Promise<string> {
  const { TEMPORAL_ADDRESS: _, ...environment } = process.env;
  try {
    return (await findTemporal(home, printSteps(), environment)).binary!;
  } catch (error) {
    throw new Unavailable((error as Error).message, { cause: error });
  }
}

async function buildAll(docker: Docker, temporal: string): Promise<void> {
  try {
    await Promise.all([buildImage(docker), buildStandIns(docker, temporal)]);
  } catch (error) {
    const why = await whyNoBuild(docker);
    throw why === null ? error : new Unavailable(why);
  }
}
