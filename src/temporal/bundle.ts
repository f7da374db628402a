import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Everything that can be in the bundle; more than that costs a bundling too many, less would run old code. */
const SOURCES = ['workflows', 'src/temporal', 'src/domain'];
const KEPT = 3;

/**
 * The workflows as one file, made once for each content: bundling takes seconds and 80 MB, finding it again nothing.
 * @param directory  where bundles are kept; several processes may share it
 * @returns the file's path, for Worker's `workflowBundle.codePath`
 */
export async function bundledWorkflows(directory: string): Promise<string> {
  const path = join(directory, `workflows-${await digestOfSources()}.js`);
  if (existsSync(path)) return path;
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(ROOT, 'workflows/index.ts'),
    workflowInterceptorModules: [join(ROOT, 'src/temporal/interceptors/workflow.ts')],
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.part`;
  await writeFile(draft, code);
  await rename(draft, path);
  await dropOld(directory);
  return path;
}

async function digestOfSources(): Promise<string> {
  const hash = createHash('sha256');
  const sdk = await readFile(join(ROOT, 'node_modules/@temporalio/workflow/package.json'), 'utf8');
  hash.update((JSON.parse(sdk) as { version: string }).version);
  for (const source of SOURCES) {
    const files = (await readdir(join(ROOT, source), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts')).map((entry) => join(entry.parentPath, entry.name)).sort();
    for (const file of files) hash.update(`\0${file.slice(ROOT.length)}\0`).update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 16);
}

/** The newest few stay: another process may be about to load one. */
async function dropOld(directory: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => /^workflows-[0-9a-f]+\.js$/.test(name));
  const dated = await Promise.all(names.map(async (name) => ({ name, at: (await stat(join(directory, name))).mtimeMs })));
  const old = dated.sort((a, b) => b.at - a.at).slice(KEPT);
  await Promise.all(old.map(({ name }) => rm(join(directory, name), { force: true })));
}

/** Where bundles are kept: this user's cache, which no other user may write to, since what is in it is run. */
export function bundleDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  return join(environment.XDG_CACHE_HOME || join(environment.HOME || homedir(), '.cache'), 'reeve', 'workflows');
}
