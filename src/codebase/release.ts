import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ReleaseManifest } from '../domain/desired.ts';
import { removeTree } from '../process/remove-tree.ts';

/** What release.json holds: the manifest, and what a person wants to know of it besides. */
export interface ReleaseFile extends ReleaseManifest {
  readonly version: 1;
  /** The codebase's name. */
  readonly name: string;
  /** The Python it was installed with, e.g. `3.11.2`. */
  readonly python: string;
}

/** An installed release: its manifest, and where its parts are on this machine. */
export interface Release {
  readonly manifest: ReleaseFile;
  readonly directory: string;
  readonly code: string;
  readonly venv: string;
  /** The interpreter that runs it. */
  readonly python: string;
  readonly static: string;
}

/** Where the parts of a release are, by its manifest alone. */
export function releaseAt(releasesDir: string, manifest: ReleaseFile): Release {
  const directory = path.join(releasesDir, manifest.id);
  const venv = path.join(releasesDir, manifest.venv);
  return {
    manifest,
    directory,
    venv,
    code: path.join(directory, 'code'),
    python: path.join(venv, 'bin/python3'),
    static: path.join(directory, 'static'),
  };
}

/** The installed release, or null when it is not there or was never finished. */
export async function readRelease(releasesDir: string, releaseId: string): Promise<Release | null> {
  const file = path.join(releasesDir, releaseId, 'release.json');
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  return text === null ? null : releaseAt(releasesDir, JSON.parse(text) as ReleaseFile);
}

/** Finishes a release: once its file is there, nothing in its directory changes any more. */
export async function writeRelease(release: Release): Promise<void> {
  const file = path.join(release.directory, 'release.json');
  await writeFile(`${file}.new`, `${JSON.stringify(release.manifest, null, 2)}\n`, { mode: 0o644, flush: true });
  await rename(`${file}.new`, file);
}

/** Removes an installed release, or what is left of one; its virtual environment stays (see `discardRelease`). */
export async function removeRelease(releasesDir: string, releaseId: string): Promise<void> {
  const directory = path.join(releasesDir, releaseId);
  // First its file, so that a removal that is cut short leaves nothing that looks whole.
  await rm(path.join(directory, 'release.json'), { force: true });
  // Where collecting static files failed, that directory is still a site user's.
  await removeTree(directory);
}
