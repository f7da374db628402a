import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PythonTools, SystemUser } from '../../src/codebase/index.ts';
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

/** The set-up's own way to make virtual environments, with a home below `directory`. */
export async function pythonTools(directory: string): Promise<PythonTools> {
  const root = path.join(directory, 'home');
  mkdirSync(root, { recursive: true });
  const home = findHome({ root });
  openHome(home);
  const python = await findPython(home, () => {});
  const pip = createPip(home, python);
  return {
    makeVenv: (venv) => pip.makeVenv(venv, () => {}),
    installRequirements: (venv, file) => pip.installRequirements(venv, file, () => {}),
  };
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
