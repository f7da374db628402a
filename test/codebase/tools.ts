import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { PythonTools, SystemUser } from '../../src/codebase/index.ts';
import { alone } from '../../src/codebase/lock.ts';
import type { SiteFile, SiteFileDatabase } from '../../src/domain/site-file.ts';
import { findHome, openHome } from '../../src/local/home.ts';
import { createPip } from '../../src/local/setup/pip.ts';
import { findPython } from '../../src/local/setup/python.ts';

/** The small project that only reads twelve-factor variables, and the real Wagtail one. */
export const TWELVE_FACTOR = fileURLToPath(new URL('../fixtures/twelvefactor', import.meta.url));
export const EXAMPLE = fileURLToPath(new URL('../../tenant/example', import.meta.url));

/** As root, sites run as users of their own; a number needs no account. */
export const SITE_USER: SystemUser | undefined = process.getuid?.() === 0 ? { uid: 61_901, gid: 61_901 } : undefined;

/** A directory that every system user may enter. */
export function openDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'reeve-test-codebase-'));
  chmodSync(directory, 0o755);
  return directory;
}

/**
 * The set-up's own way to make virtual environments, with a home below `directory`. What pip made of a list of packages in this
 * run of tests is linked and not made again: that takes seconds, most of them for compiling.
 */
export async function pythonTools(directory: string): Promise<PythonTools> {
  const root = path.join(directory, 'home');
  mkdirSync(root, { recursive: true });
  const home = findHome({ root });
  openHome(home);
  const python = await findPython(home, () => {});
  const pip = createPip(home, python);
  return {
    makeVenv: (venv) => pip.makeVenv(venv, () => {}),
    installRequirements: (venv, file) => onceInRun(venv, file, () => pip.installRequirements(venv, file, () => {})),
  };
}

async function onceInRun(venv: string, file: string, install: () => Promise<void>): Promise<void> {
  const list = readFileSync(file, 'utf8');
  const kept = process.env.REEVE_TEST_PACKAGES;
  // One that names other files is more than its text.
  if (!kept || /^\s*[-./]/m.test(list)) return await install();
  const lib = path.join(venv, 'lib');
  const packages = path.join(lib, readdirSync(lib).find((name) => name.startsWith('python'))!, 'site-packages');
  const made = path.join(kept, createHash('sha256').update(list).digest('hex').slice(0, 16));
  await alone(`${made}.making`, undefined, async () => {
    if (existsSync(made)) return void (await link(made, packages));
    await install();
    await link(packages, `${made}.draft`);
    renameSync(`${made}.draft`, made);
  });
}

/** A tree of the same files. */
async function link(from: string, to: string): Promise<void> {
  mkdirSync(to, { recursive: true });
  await promisify(execFile)('cp', ['-al', `${from}/.`, to]);
}

/** The file of a site that has a database, and a store and a working directory below `directory`. */
export function siteFileFor(
  directory: string,
  id: string,
  name: string,
  database: SiteFileDatabase,
  staticRoot: string,
  change: Partial<SiteFile> = {},
): SiteFile {
  return {
    version: 1,
    site: { id, name },
    primaryUrl: `http://${name}.localhost:8080`,
    hostnames: [
      { hostname: `${name}.localhost`, role: 'primary' },
      { hostname: `www.${name}.example`, role: 'alias' },
      { hostname: `old.${name}.example`, role: 'redirect' },
    ],
    database,
    cache: { url: null, prefix: id },
    store: { kind: 'directory', root: path.join(directory, 'stores', id), mediaUrl: '/media/' },
    secretKey: `secret-key-of-${id}`,
    secretKeyFallbacks: [],
    loginKey: Buffer.from(`login-key-of-${id}`.padEnd(32, '.')).toString('hex').slice(0, 64),
    static: { url: '/static/', root: staticRoot },
    work: path.join(directory, 'work', id),
    env: {},
    debug: false,
    ...change,
  };
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}
