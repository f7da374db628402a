/**
 * Whether a container's files are those that its desired state means, and if not, which. Both sides describe files by
 * digests; these are compared in buckets first, so that a container of 30,000 files that are as they should be answers
 * with 4 KB, and one edited file costs the listing of about a hundred. Pure.
 */
import { hash } from 'node:crypto';
import type { Drift } from './observed.ts';

/**
 * Path to digest. Paths are the same in all containers: `nginx/<file>` of the configuration in service, `nginx/current`,
 * `vassals/<site>.<digest>.ini`, `sites/<site>.json`, `sites/<site>.env`, `run/<site>.sock`.
 */
export type Manifest = ReadonlyMap<string, string>;

export const BUCKETS = 256;

/** A container's own word about itself: digests, counts and ids, never contents. */
export interface Description {
  readonly rendererVersion: number;
  /** Of the desired state that it has accepted. */
  readonly epoch: number;
  readonly generation: number;
  /** How many files, and the digest of each bucket of them (`bucketDigests`). */
  readonly files: number;
  readonly buckets: readonly string[];
  /** The configuration's directory that it means to have in service, `<generation>-<digest>`; null when there is none. */
  readonly configuration: string | null;
  /** What nginx says it serves, asked on its own listener; null when it does not answer. */
  readonly served: string | null;
  /** False: this container has no emperor, and so no vassals' files. */
  readonly emperor: boolean;
  /** Vassals that the emperor does not run as it should; null when it does not answer. At most 200. */
  readonly notRunning: readonly { readonly site: string; readonly digest: string; readonly why: string }[] | null;
  /** The releases in use, as they lie there. */
  readonly releases: readonly DescribedRelease[];
  /** Sites whose newest state is not in service by what is known: quarantined, or on their way. Nothing of them is compared. */
  readonly leftOut: readonly string[];
  /** Whether some of those are quarantined: what nginx.conf has of all sites together then cannot be computed elsewhere. */
  readonly heldBack: boolean;
}

export interface DescribedRelease {
  readonly id: string;
  /** Of its contents; null when it is not there, or not whole. */
  readonly digest: string | null;
  /** The files that differ from when its digest was right last, by path below the release; at most 50. None where that was never seen. */
  readonly differing: readonly Drift[];
}

/** What it should be, as computed from Postgres. */
export interface Expected {
  readonly rendererVersion: number;
  readonly epoch: number;
  readonly generation: number;
  readonly manifest: Manifest;
  /** The digest that nginx's proof has to say. */
  readonly served: string;
  /** The releases in use, with the digest that each was prepared with. */
  readonly releases: ReadonlyMap<string, string>;
}

export type Judgement =
  | { readonly verdict: 'same' }
  | { readonly verdict: 'unknown'; readonly reason: string }
  /** `buckets` are to be looked into; `named` are processes and releases. */
  | { readonly verdict: 'drift'; readonly buckets: readonly number[]; readonly named: readonly Drift[] };

/** More sites than this on their way, and a comparison says little. */
export const MOST_LEFT_OUT = 1_000;

/** Compare what a container said with what it should have said. What cannot be compared is unknown, never drift. */
export function judge(expected: Expected, described: Description): Judgement {
  const unknown = (reason: string): Judgement => ({ verdict: 'unknown', reason });
  if (described.rendererVersion !== expected.rendererVersion) {
    return unknown(`its renderer is version ${described.rendererVersion}, and this one ${expected.rendererVersion}`);
  }
  if (described.epoch !== expected.epoch || described.generation !== expected.generation) {
    return unknown(`it is at generation ${described.epoch}.${described.generation}, and the platform at ${expected.epoch}.${expected.generation}`);
  }
  if (described.configuration === null) return unknown('it has no configuration in service yet');
  if (described.leftOut.length >= MOST_LEFT_OUT) return unknown(`${described.leftOut.length} sites or more are on their way`);
  if (described.buckets.length !== BUCKETS) return unknown('its answer is not whole');
  const own = bucketDigests(comparable(expected.manifest, described));
  const buckets = own.flatMap((digest, i) => (digest === described.buckets[i] ? [] : [i]));
  const named = [...processesOf(expected, described), ...releasesOf(expected, described)];
  if (buckets.length > 0 || named.length > 0) return { verdict: 'drift', buckets, named };
  // What was compared is well, and that is not all of it: "same" would say more than is known.
  return described.heldBack ? unknown('while a site is quarantined, nginx.conf and what depends on all sites cannot be computed; the rest is as it should be') : { verdict: 'same' };
}

/** What runs otherwise than it should: nginx by its proof, vassals by what the emperor says. */
function processesOf(expected: Expected, described: Description): Drift[] {
  const drift: Drift[] = [];
  if (described.served === null) drift.push({ path: 'process:nginx', kind: 'missing' });
  else if (!isServed(expected, described)) drift.push({ path: 'process:nginx', kind: 'changed' });
  if (!described.emperor) return drift;
  if (described.notRunning === null) drift.push({ path: 'process:emperor', kind: 'missing' });
  for (const { site, digest } of described.notRunning ?? []) drift.push({ path: `process:${site}.${digest}`, kind: 'missing' });
  return drift;
}

/** While a site is held back the digest itself cannot be computed, but nginx must serve the configuration that lies there. */
function isServed(expected: Expected, { heldBack, served, configuration }: Description): boolean {
  return heldBack ? configuration === null || served === null || served.startsWith(digestInName(configuration)) : served === expected.served;
}

/** Releases that are not as they were prepared: the files that differ, where these are known, else the release as a whole. */
function releasesOf(expected: Expected, described: Description): Drift[] {
  const said = new Map(described.releases.map((each) => [each.id, each]));
  return [...expected.releases].flatMap(([id, digest]): Drift[] => {
    const found = said.get(id);
    if (found?.digest === digest) return [];
    if (!found || found.digest === null) return [{ path: releasePath(id), kind: 'missing' }];
    if (found.differing.length === 0) return [{ path: releasePath(id), kind: 'changed' }];
    return found.differing.map(({ path, kind }) => ({ path: `${releasePath(id)}/${path}`, kind }));
  });
}

const RELEASE = 'release:';
const releasePath = (id: string) => `${RELEASE}${id}`;

/** The path below the releases directory that such a name means; null for another name. */
export const pathOfRelease = (name: string): string | null => (name.startsWith(RELEASE) ? name.slice(RELEASE.length) : null);

/** Files that depend on all sites together. */
const OF_ALL = new Set(['nginx/nginx.conf', 'nginx/routing.conf', 'nginx/current']);

/** The part of a manifest that both sides can compute. */
export function comparable(manifest: Manifest, by: Pick<Description, 'emperor' | 'leftOut' | 'heldBack'>): Manifest {
  const leftOut = new Set(by.leftOut);
  return new Map([...manifest].filter(([path]) => {
    if (by.heldBack && OF_ALL.has(path)) return false;
    if (!by.emperor && (path.startsWith('vassals/') || path.startsWith('run/'))) return false;
    const site = siteOf(path);
    return site === null || !leftOut.has(site);
  }));
}

/** Whose file it is; null for what is nobody's. */
export function siteOf(path: string): string | null {
  return /^(?:vassals|sites|run)\/(s[0-9a-z]{9})\./.exec(path)?.[1] ?? null;
}

export function bucketOf(path: string): number {
  return Number.parseInt(hash('sha256', path, 'hex').slice(0, 2), 16);
}

/** The digest of each bucket; an empty one's is empty. */
export function bucketDigests(manifest: Manifest): string[] {
  const lines: string[][] = Array.from({ length: BUCKETS }, () => []);
  for (const [path, digest] of manifest) lines[bucketOf(path)]!.push(`${path}\0${digest}\n`);
  return lines.map((some) => (some.length === 0 ? '' : hash('sha256', some.sort().join(''), 'hex').slice(0, 16)));
}

/** The files in which two manifests differ, by path. */
export function compareFiles(expected: Manifest, found: Manifest): Drift[] {
  const drift: Drift[] = [];
  for (const [path, digest] of expected) {
    const there = found.get(path);
    if (there !== digest) drift.push({ path, kind: there === undefined ? 'missing' : 'changed' });
  }
  for (const path of found.keys()) if (!expected.has(path)) drift.push({ path, kind: 'extra' });
  return drift.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A file's digest: of its contents, its mode and its owner. Null where they do not count (nginx's own files, links). */
export function fileDigest(contents: string | Uint8Array, mode: number | null, uid: number | null): string {
  return hash('sha256', `${mode === null ? '-' : mode.toString(8)} ${uid ?? '-'} ${hash('sha256', contents, 'hex')}`, 'hex').slice(0, 32);
}

export const linkDigest = (target: string): string => `link:${target}`;

/** Of sites.conf, without the lines of sites that are left out. */
export function withoutLines(sitesConf: string, leftOut: ReadonlySet<string>): string {
  if (leftOut.size === 0) return sitesConf;
  return sitesConf.split('\n').filter((line) => !leftOut.has(line.slice(0, 10))).join('\n');
}

/** `<generation>-<digest>`, with an x for each time that the name was taken: the digest alone. */
export const digestInName = (configuration: string): string => /-([0-9a-f]{12})/.exec(configuration)?.[1] ?? configuration;
