import { copyFileSync, existsSync, readdirSync, rmSync, chmodSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Home } from '../home.ts';
import { findPrograms, runCommand } from './command.ts';
import { type Report, SetupError, type TemporalChoice } from './installed.ts';
import { placeOnce } from './place.ts';
import { buildTemporal } from './temporal-build.ts';

/** Of the command line tool, as in tools/temporal/go.mod: it carries the server and its UI. */
export const TEMPORAL_VERSION = '1.8.2';
/** Older servers lack Updates as the workflows use them. */
const OLDEST_SERVER = [1, 27];
const DOWNLOAD_LIMIT_MS = 20_000;

/**
 * The server that TEMPORAL_ADDRESS names; else the tool on PATH; else the one in the person's cache, which all
 * clones share; else the SDK's own download, given up on after 20 s (it is often closed off); else a build with Go,
 * which takes minutes, once.
 *
 * @throws SetupError that says what to install.
 */
export async function findTemporal(
  home: Home, report: Report, env: NodeJS.ProcessEnv = process.env, stopping?: AbortSignal,
): Promise<TemporalChoice> {
  if (env.TEMPORAL_ADDRESS) {
    report({ name: 'Temporal', state: 'done', detail: `${env.TEMPORAL_ADDRESS}, from TEMPORAL_ADDRESS` });
    return { address: env.TEMPORAL_ADDRESS };
  }
  for (const path of findPrograms('temporal', env)) {
    const build = await inspectTemporal(path);
    if (build?.recent) return tell({ binary: path, version: build.version, source: 'path' }, report);
    report({ name: 'Temporal', state: 'checking', detail: `${path} passed over: ${build ? `${build.version} is too old` : 'it does not run'}` });
  }
  const place = join(cacheDirectory(env), `temporal-${TEMPORAL_VERSION}`);
  const binary = join(place, 'temporal');
  let source: TemporalChoice['source'] = 'cache';
  if (existsSync(place) && !(await inspectTemporal(binary))) rmSync(place, { recursive: true });
  await placeOnce(place, 'Temporal', report, async (draft) => {
    const target = join(draft, 'temporal');
    source = (await download(draft, target, report, stopping)) ? 'download' : 'built';
    if (source === 'built') await buildTemporal(join(home.clone, 'tools', 'temporal'), target, report, env, stopping);
  }, stopping);
  const build = await inspectTemporal(binary);
  if (!build) throw new SetupError('Temporal', `${binary} does not run: remove it, and start again`);
  return tell({ binary, version: build.version, source }, report);
}

function cacheDirectory(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'reeve');
}

async function inspectTemporal(path: string): Promise<{ version: string; recent: boolean } | null> {
  const result = await runCommand(path, ['--version'], { timeout: 10_000 });
  if (result.code !== 0) return null;
  const server = /Server (\d+)\.(\d+)/.exec(result.stdout);
  const [major, minor] = [Number(server?.[1] ?? 0), Number(server?.[2] ?? 0)];
  const recent = major > (OLDEST_SERVER[0] as number) || (major === OLDEST_SERVER[0] && minor >= (OLDEST_SERVER[1] as number));
  return { version: result.stdout.replace(/^temporal version /, '').trim(), recent };
}

/** Whether the SDK could download it in time. */
async function download(draft: string, target: string, report: Report, stopping?: AbortSignal): Promise<boolean> {
  report({ name: 'Temporal', state: 'working', detail: 'trying a download' });
  const script = fileURLToPath(new URL('./temporal-download.ts', import.meta.url));
  const directory = join(draft, 'download');
  const args = ['--disable-warning=ExperimentalWarning', script, directory, TEMPORAL_VERSION];
  await runCommand(process.execPath, args, { timeout: DOWNLOAD_LIMIT_MS, stopping });
  const files = existsSync(directory) ? readdirSync(directory) : [];
  for (const file of files) {
    const path = join(directory, file);
    // A download that was cut short does not run.
    chmodSync(path, 0o755);
    if (!(await inspectTemporal(path))) continue;
    copyFileSync(path, target);
    rmSync(directory, { recursive: true });
    return true;
  }
  rmSync(directory, { recursive: true, force: true });
  return false;
}

function tell(choice: TemporalChoice, report: Report): TemporalChoice {
  report({ name: 'Temporal', state: 'done', detail: `${choice.version}, ${choice.binary}` });
  return choice;
}
