import type { CodebaseCommand } from '../domain/codebase.ts';
import { siteEnvironment } from '../domain/codebase-environment.ts';
import { type SiteFile, secretsOf } from '../domain/site-file.ts';
import { CodebaseRefused } from './refused.ts';
import type { Release } from './release.ts';
import { type Ran, run, type SystemUser } from './run.ts';
import { withSiteFile } from './site-files.ts';

/** A release and the site it is to work for. */
export interface ForSite {
  readonly release: Release;
  readonly site: SiteFile;
  /** The site's own system user; none where all run as one. */
  readonly user?: SystemUser;
  /** Ten minutes by default. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface CommandDone {
  readonly ms: number;
  readonly lastLines: readonly string[];
}

const TEN_MINUTES = 600_000;

/**
 * Brings a site's database to the release's schema. May be repeated.
 * @throws CodebaseRefused (`migrate`) with the tool's last lines
 */
export function migrate(what: ForSite): Promise<CommandDone> {
  return command('migrate', what);
}

/**
 * Runs one of the codebase's hooks for a site; null when the codebase has none of that name. May be repeated.
 * @throws CodebaseRefused (`created` or `primaryChanged`) with the hook's last lines
 */
export async function runHook(name: 'created' | 'primaryChanged', what: ForSite): Promise<CommandDone | null> {
  return what.release.manifest.commands[name] ? command(name, what) : null;
}

async function command(name: Exclude<CodebaseCommand, 'collectStatic'>, what: ForSite): Promise<CommandDone> {
  const ran = await runForSite(what.release.manifest.commands[name] ?? [], what);
  if (!ran.ok) throw new CodebaseRefused(name, ran.lastLines);
  return { ms: ran.ms, lastLines: ran.lastLines };
}

/** Runs the release's Python with `args` in its code, for a site and as its user. Does not throw when it fails. */
export function runForSite(args: readonly string[], what: ForSite): Promise<Ran> {
  return withSiteFile(what.site, what.user, (file) =>
    run({
      file: what.release.python,
      args,
      cwd: what.release.code,
      env: siteEnvironment(what.release.manifest, what.site, file),
      user: what.user,
      timeoutMs: what.timeoutMs ?? TEN_MINUTES,
      signal: what.signal,
      secrets: secretsOf(what.site),
    }),
  );
}
