/** One container against Postgres: what it says of itself, what it should say, and, where they differ, which file and how. */
import { translated } from '../database/errors.ts';
import { readMembers } from '../database/container.ts';
import type { Pool } from '../database/pool.ts';
import type { AgentPlace } from '../database/read/containers.ts';
import { readChanges, readSnapshot } from '../database/snapshot.ts';
import type { Desired } from '../domain/desired.ts';
import { bucketOf, comparable, compareFiles, type Description, judge, type Judgement, pathOfRelease } from '../domain/drift.ts';
import type { EdgeDescription } from '../domain/edge-drift.ts';
import { ReeveError } from '../domain/errors.ts';
import type { Layout } from '../domain/layout.ts';
import { masked } from '../domain/mask.ts';
import type { IntegrityReport } from '../domain/resources/drift.ts';
import type { SitesKey } from '../domain/secrets.ts';
import { unifiedDiff } from './diff.ts';
import { absolute } from './absolute.ts';
import { compareEdge, edgeExpectations } from './edge.ts';
import { type Expectation, expectations } from './expected.ts';

/** Ask a container's agent (`POST /files`), or an edge's, which answers with an `EdgeDescription`. @throws ReeveError `unavailable` */
export type AskFiles = (place: AgentPlace & { readonly role: 'site' | 'edge' }, asked: object) => Promise<unknown>;

export interface Report extends IntegrityReport {
  /** When its files were listed, by the database's clock (`recordCheck`). */
  readonly listedAt?: Date;
}

export interface Integrity {
  /** @param described its word, however it came; asked for when it is not given */
  check(container: string, incarnation: number | null, described?: Description): Promise<Report>;
}

/** Diffs of so many files are made; the others are named. */
const MOST_DIFFS = 50;

interface Place extends AgentPlace {
  readonly role: 'site' | 'edge';
  readonly layout: Layout | null;
}

export function integrity({ pool, sitesKey, ask }: { pool: Pool; sitesKey: SitesKey; ask: AskFiles }): Integrity {
  const expect = expectations(sitesKey);
  const expectEdge = edgeExpectations();
  let known: Desired | null = null;

  async function desired(): Promise<Desired> {
    known = known ? ((await readChanges(pool, known))?.desired ?? known) : await readSnapshot(pool);
    return known;
  }

  async function check(container: string, incarnation: number | null, given?: Description): Promise<Report> {
    const place = await readPlace(pool, container, incarnation);
    const report = (verdict: IntegrityReport['verdict'], reason: string | null, more: Partial<Report> = {}): Report =>
      ({ container, incarnation: place.incarnation, verdict, reason, files: 0, leftOut: 0, drift: [], ...more });
    try {
      const described = given ?? ((await ask(place, { describe: true })) as Description);
      if (!place.layout) return report('unknown', 'it has not recorded its layout yet');
      if (place.role === 'edge') return { ...report('unknown', null), ...compareEdge(expectEdge, place.layout, await desired(), await readMembers(pool), described as EdgeDescription) };
      const expected = expect.of(place.layout, await desired(), described.leftOut);
      const judgement = judge(expected, described);
      const counts = { files: described.files, leftOut: described.leftOut.length };
      if (judgement.verdict !== 'drift') return report(judgement.verdict, judgement.verdict === 'unknown' ? judgement.reason : null, counts);
      const listedAt = await clock(pool);
      const drift = await differences(place, expected, described, judgement);
      if (drift.length === 0) return report('unknown', 'what differed was mended while it was looked at', counts);
      return report('drift', null, { ...counts, drift, listedAt });
    } catch (error) {
      if (error instanceof ReeveError && error.type === 'unavailable') return report('unknown', error.message);
      throw error;
    }
  }

  async function differences(
    place: Place, expected: Expectation, described: Description, { buckets, named }: Judgement & { verdict: 'drift' },
  ): Promise<IntegrityReport['drift']> {
    const { files } = (buckets.length === 0 ? { files: [] } : await ask(place, { buckets })) as { files: { path: string; digest: string; at: string }[] };
    const wanted = new Set(buckets);
    const own = new Map([...comparable(expected.manifest, described)].filter(([path]) => wanted.has(bucketOf(path))));
    const drift = compareFiles(own, new Map(files.map(({ path, digest }) => [path, digest])));
    const shown = drift.slice(0, MOST_DIFFS);
    const { texts } = (shown.length === 0 ? { texts: {} } : await ask(place, { texts: shown.map(({ path }) => path) })) as { texts: Record<string, string | null> };
    const at = new Map(files.map((each) => [each.path, each.at]));
    const root = place.layout!;
    const differing = drift.map(({ path, kind }, i) => {
      const text = expected.textOf(path);
      const diff = i < MOST_DIFFS ? unifiedDiff(path, text === null ? null : masked(path, text, sitesKey), texts[path] ?? null) : null;
      return { path: at.get(path) ?? absolute(root, described, path), kind, diff };
    });
    const why = new Map(described.notRunning?.map(({ site, digest, why: words }) => [`process:${site}.${digest}`, words]));
    return [...differing, ...named.map(({ path, kind }) => ({ path: nameOf(root, path), kind, diff: why.get(path) ?? null }))];
  }

  return { check };
}

/** @throws ReeveError `unavailable` */
async function clock(pool: Pool): Promise<Date> {
  const { rows } = await translated(pool.query<{ now: Date }>('select clock_timestamp() as now'));
  return rows[0]!.now;
}

/** A process by its name, a release by where it lies. */
function nameOf({ releasesDir }: Layout, name: string): string {
  const path = pathOfRelease(name);
  return path === null ? name : `${releasesDir}/${path}`;
}

/** @throws ReeveError `not-found`; `superseded` when another incarnation runs; `unavailable` when it has said nothing yet */
async function readPlace(pool: Pool, container: string, incarnation: number | null): Promise<Place> {
  const { rows } = await translated(pool.query<Place>(
    'select id, role, incarnation, agent_url as "agentUrl", layout from container where id = $1', [container]));
  const row = rows[0];
  if (!row) throw new ReeveError('not-found', `there is no container ${container}`, { subject: `container:${container}` });
  if (incarnation !== null && row.incarnation !== incarnation) {
    throw new ReeveError('superseded', `container ${container} is at incarnation ${row.incarnation}, not ${incarnation}`);
  }
  if (!row.agentUrl) throw new ReeveError('unavailable', `container ${container} has not joined yet`);
  return row;
}
