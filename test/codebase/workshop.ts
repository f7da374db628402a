import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { installRelease, type PythonTools, type Release } from '../../src/codebase/index.ts';
import { type Server, startPostgres } from './postgres.ts';
import { openDirectory, pythonTools, removeDirectory, SITE_USER, TWELVE_FACTOR } from './tools.ts';

/** A place to install changed copies of the small project, with a Postgres server. */
export interface Workshop {
  readonly directory: string;
  readonly releasesDir: string;
  readonly server: Server;
  readonly tools: PythonTools;
  /** How often requirements were really installed. */
  installs(): number;
  install(from: string, releaseId?: string): Promise<Release>;
  /** A copy of the small project with one thing changed. */
  changed(change: Change): string;
  /** The releases and virtual environments that are there. */
  listed(): string[];
  /** A number that was not given before. */
  next(): number;
  close(): Promise<void>;
}

export type Change = (root: string) => void;

export async function openWorkshop(): Promise<Workshop> {
  const directory = openDirectory();
  const releasesDir = path.join(directory, 'releases');
  const server = await startPostgres();
  const real = await pythonTools(directory);
  let installs = 0;
  let number = 0;
  const next = () => ++number;
  const tools: PythonTools = {
    makeVenv: real.makeVenv,
    installRequirements(venv, file) {
      installs++;
      return real.installRequirements(venv, file);
    },
  };
  return {
    directory,
    releasesDir,
    server,
    tools,
    next,
    installs: () => installs,
    install: (from, releaseId = `r${String(next()).padStart(9, '0')}`) =>
      installRelease({ path: from, releasesDir, releaseId, user: SITE_USER, ...tools }),
    changed(change) {
      const root = path.join(directory, `codebase-${next()}`);
      cpSync(TWELVE_FACTOR, root, { recursive: true });
      change(root);
      return root;
    },
    listed: () =>
      ['', 'venvs/'].flatMap((below) => readdirSync(path.join(releasesDir, below)).map((name) => below + name)).sort(),
    async close() {
      await server.stop();
      removeDirectory(directory);
    },
  };
}

/** Adds text to the end of a file. */
export function append(file: string, text: string): Change {
  return (root) => writeFileSync(path.join(root, file), `${readFileSync(path.join(root, file), 'utf8')}\n${text}\n`);
}

/** Changes what codebase.json says. */
export function describeAs(change: object): Change {
  return (root) => {
    const file = path.join(root, 'codebase.json');
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...change }));
  };
}
