import { randomBytes } from 'node:crypto';
import { makeId } from '../domain/id.ts';
import type { SiteFileDatabase } from '../domain/site-file.ts';
import { type ForSite, migrate, runHook } from './commands.ts';
import { type CodebaseFinding, finding, ORDER } from './finding.ts';
import { unpack } from './install.ts';
import { alone } from './lock.ts';
import { type ReadCodebase, readCodebase } from './read.ts';
import { CodebaseRefused, type CodebaseStep, linesOf } from './refused.ts';
import type { Release } from './release.ts';
import type { SystemUser } from './run.ts';
import { throwawaySite, withDirectory } from './site-files.ts';
import { askHealth, collectStatic, importWsgi, systemCheck } from './steps.ts';
import { discardRelease, makingLock } from './unused.ts';
import type { PythonTools } from './venv.ts';

export interface CheckTools extends PythonTools {
  /** Where the trial is made and removed again; virtual environments of earlier releases there are used. */
  readonly releasesDir: string;
  readonly user?: SystemUser;
  /** A fresh database, for as long as `use` runs; without it migrations are not tried. */
  readonly withDatabase?: <T>(use: (database: SiteFileDatabase) => Promise<T>) => Promise<T>;
  readonly report?: (message: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Tries everything that Reeve would do with a codebase, and goes on after a problem where that can still tell
 * something. Never throws for the codebase's faults. Leaves nothing.
 */
export async function checkCodebase(directory: string, tools: CheckTools): Promise<CodebaseFinding[]> {
  const found = new Map<CodebaseStep, CodebaseFinding>();
  const attempt = async <T>(step: CodebaseStep, act: () => Promise<T>): Promise<T | null> => {
    try {
      const result = await act();
      found.set(step, finding(step, 'ok'));
      return result;
    } catch (error) {
      tools.signal?.throwIfAborted();
      // A step may fail for what belongs to another one: unpacking copies, and installs too.
      const at = error instanceof CodebaseRefused ? error.step : step;
      found.set(at, finding(at, 'problem', error instanceof CodebaseRefused ? error.lastLines : linesOf(error)));
      return null;
    }
  };
  const codebase = await attempt('read', () => readCodebase(directory));
  if (codebase) await inTrial(codebase, tools, attempt);
  return ORDER.map((step) => found.get(step) ?? finding(step, earlierOk(step, found) ? 'ok' : 'skipped'));
}

type Attempt = <T>(step: CodebaseStep, act: () => Promise<T>) => Promise<T | null>;

async function inTrial(codebase: ReadCodebase, tools: CheckTools, attempt: Attempt): Promise<void> {
  const releaseId = makeId('r', randomBytes(9));
  await alone(makingLock(tools.releasesDir, releaseId), tools.signal, () =>
    inTrialAs(releaseId, codebase, tools, attempt),
  );
}

async function inTrialAs(
  releaseId: string,
  codebase: ReadCodebase,
  tools: CheckTools,
  attempt: Attempt,
): Promise<void> {
  let venv: string | undefined;
  try {
    const what = { ...tools, path: codebase.directory, releaseId };
    const release = await attempt('requirements', () =>
      unpack(what, codebase, (made) => {
        venv = made.name;
      }),
    );
    if (!release) return;
    await withDirectory(tools.user, async (scratch) => {
      const forSite = await forThrowawaySite(release, scratch, tools);
      const imports = (await attempt('import', () => importWsgi(forSite).then(() => true))) ?? false;
      // Without the application the rest would fail with the same lines over and over.
      if (!imports) return;
      await attempt('check', () => systemCheck(forSite));
      const collected = await attempt('collectStatic', () =>
        collectStatic(forSite, codebase.description.static.root).then(() => true),
      );
      await tools.withDatabase?.(async (database) =>
        withDatabase(await forThrowawaySite(release, scratch, tools, database), !!collected, attempt),
      );
    });
  } finally {
    await discardRelease(tools.releasesDir, releaseId, venv);
  }
}

async function withDatabase(forSite: ForSite, collected: boolean, attempt: Attempt): Promise<void> {
  if (!(await attempt('migrate', () => migrate(forSite)))) return;
  const hooks = forSite.release.manifest.commands;
  if (hooks.created) await attempt('created', () => runHook('created', forSite));
  if (hooks.primaryChanged) await attempt('primaryChanged', () => runHook('primaryChanged', forSite));
  // Pages name static files, which a manifest storage must find.
  if (collected) await attempt('health', () => askHealth(forSite, forSite.site));
}

async function forThrowawaySite(
  release: Release,
  scratch: string,
  tools: CheckTools,
  database?: SiteFileDatabase,
): Promise<ForSite> {
  const { manifest } = release;
  const statics = { url: manifest.static.url, root: release.static };
  const site = await throwawaySite(scratch, statics, manifest.media.url, { database, user: tools.user });
  return { release, site, user: tools.user, signal: tools.signal };
}

/** Copying and Python's version are parts of unpacking, which is tried as one. */
function earlierOk(step: CodebaseStep, found: ReadonlyMap<CodebaseStep, CodebaseFinding>): boolean {
  return (step === 'copy' || step === 'python') && found.get('requirements')?.state === 'ok';
}
