/** A codebase's own commands, run for one site on the control worker's machine, as the site's user. */
import { chown, mkdir } from 'node:fs/promises';
import { CodebaseRefused, type CommandDone, type ForSite, readRelease, type Release, type SystemUser, withDirectory } from '../codebase/index.ts';
import { ReeveError } from '../domain/errors.ts';
import { type Layout, RENDERER_VERSION } from '../domain/layout.ts';
import type { SitesKey } from '../domain/secrets.ts';
import type { SiteFile } from '../domain/site-file.ts';
import { siteHostnames } from '../render/hostnames.ts';
import { siteFile } from '../render/site-file.ts';
import { s3Credentials } from '../storage/s3-credentials.ts';
import type { SiteSubject } from './subject.ts';

export interface CommandPlace {
  readonly releasesDir: string;
  readonly storesDir: string;
  /** A site's system user is this + its number; null when not root. */
  readonly firstUid: number | null;
  readonly sitesKey: SitesKey;
}

/**
 * Run a command of a release for a site, with the site's file as its containers have it, but for a working directory
 * that goes afterwards.
 * @throws ReeveError `codebase-refused` with the tool's last lines; `conflict` when the release is not installed
 */
export async function forSite<T>(
  place: CommandPlace, subject: SiteSubject, release: string, signal: AbortSignal | undefined, command: (what: ForSite) => Promise<T>,
): Promise<T> {
  const installed = await installedRelease(place, release);
  const user = siteUser(place, subject.site.number);
  return await withDirectory(user, async (directory) => {
    const site = await describeSite(place, subject, installed, directory, user);
    return await refusing(() => command({ release: installed, site, user, signal }));
  });
}

/** @throws ReeveError `conflict` when the release is not on this machine */
export async function installedRelease(place: Pick<CommandPlace, 'releasesDir'>, release: string): Promise<Release> {
  const installed = await readRelease(place.releasesDir, release);
  if (!installed) throw new ReeveError('conflict', `release ${release} is not installed here`, { subject: `release:${release}` });
  return installed;
}

/** The site's own system user; none where all run as one. */
export function siteUser({ firstUid }: Pick<CommandPlace, 'firstUid'>, number: number): SystemUser | undefined {
  return firstUid === null ? undefined : { uid: firstUid + number, gid: firstUid + number };
}

/** The user for a codebase's code that works for no site yet; sites' numbers begin at 1, so it owns nothing. */
export const nobodysUser = (place: Pick<CommandPlace, 'firstUid'>): SystemUser | undefined => siteUser(place, 0);

/** A codebase's fault as one of ours, with the tool's last lines. */
export async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CodebaseRefused)) throw error;
    throw new ReeveError('codebase-refused', error.message, { step: error.step, lastLines: error.lastLines }, error);
  }
}

/** What a step's result keeps of a command: figures, no output, since results are readable in the Temporal UI. */
export const inShort = (done: CommandDone | null): { ran: boolean; ms: number } =>
  ({ ran: done !== null, ms: Math.round(done?.ms ?? 0) });

async function describeSite(
  place: CommandPlace, { site, hostnames, server, settings }: SiteSubject, release: Release, directory: string, user: SystemUser | undefined,
): Promise<SiteFile> {
  const layout: Layout = {
    rendererVersion: RENDERER_VERSION, container: 'c000000000', root: directory, runDir: directory,
    listen: { address: '127.0.0.1', port: 0 }, trusted: [], releasesDir: place.releasesDir, storesDir: place.storesDir,
    nginxUser: null, firstUid: place.firstUid, toolsVenv: directory, nginx: directory,
  };
  const file = siteFile({
    layout, settings, site, server, hostnames: () => siteHostnames(hostnames), manifest: release.manifest,
    secrets: { sitesKey: place.sitesKey, s3Credentials: s3Credentials(place.sitesKey) },
  });
  await mkdir(file.work, { recursive: true });
  if (user) await chown(file.work, user.uid, user.gid);
  return file;
}
