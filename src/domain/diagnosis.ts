/**
 * Whose fault it is (DESIGN.md §7), from what probes found of every hostname in every container. Pure. Only a fault
 * whose domain is a container, or one site in one container, may ever lead to acting on that container.
 */
import type { DatabaseFact } from './database-state.ts';
import { containerFault, edgeFault, goneFault, type MemberFact, membersSilent, silence } from './member-faults.ts';

export type Verdict = 'up' | 'slow' | 'down' | 'unknown';

/** One hostname in one container, after hysteresis. */
export interface Cell {
  readonly hostname: string;
  readonly site: string;
  readonly container: string;
  readonly verdict: Verdict;
  readonly reason?: string | null;
}

export interface Evidence {
  readonly cells: readonly Cell[];
  readonly members: readonly MemberFact[];
  readonly edges: readonly MemberFact[];
  /** The judge has looked for long enough to have heard of all that live. */
  readonly steady: boolean;
  /** Those that were asked directly. */
  readonly databases: readonly DatabaseFact[];
  /** Servers that were at fault a moment ago: what their sites answered may be from then. */
  readonly settling: ReadonlySet<string>;
  /** Site → its database server, of the sites that are down somewhere. */
  readonly serverOf: ReadonlyMap<string, string>;
}

export interface Breaker {
  /** So many containers at once open it. */
  readonly breakerContainers: number;
  /** So many percent of the sites at once open it; one site alone never does. */
  readonly breakerPercent: number;
}

/** `standstill`: it is alive and does not follow (src/domain/standstill.ts). */
export type FaultDomain = 'container' | 'site-in-container' | 'site' | 'hostname' | 'database' | 'platform' | 'standstill' | 'edge';

export interface Fault {
  readonly domain: FaultDomain;
  /** e.g. `container:c…`; with the cause, what tells one incident from another. */
  readonly subject: string;
  readonly cause: string;
  readonly severity: 'warning' | 'critical';
  readonly title: string;
  readonly site?: string;
  readonly container?: string;
  readonly incarnation?: number;
  /** The sites that show it, at most 20. */
  readonly sites: readonly string[];
  /** `container hostname: why`, at most 10. */
  readonly seen: readonly string[];
}

export interface Diagnosis {
  readonly faults: readonly Fault[];
  /** Why the breaker is open; null when it is not. While it is, no container is replaced. */
  readonly breaker: string | null;
  /** Of what enough is known to say that it is well again: subjects as in faults. */
  readonly known: ReadonlySet<string>;
  /** Site → the server whose fault it is that the site is down: no container's, and no incident of its own. */
  readonly explained: ReadonlyMap<string, string>;
}

/** What is known of one site or container: the containers, or sites, where it is well and where it is down. */
interface Tally { readonly well: Set<string>; readonly down: Set<string> }

export function diagnose(evidence: Evidence, breaker: Breaker): Diagnosis {
  const alive = new Set(evidence.members.filter((each) => each.liveness === 'alive').map((each) => each.id));
  // What a container said before its lease lapsed says nothing of now.
  const cells = evidence.cells.filter((cell) => cell.verdict !== 'unknown' && alive.has(cell.container));
  const sites = tallies(cells, (cell) => cell.site, (cell) => cell.container);
  const containers = tallies(cells, (cell) => cell.container, (cell) => cell.site);
  const everywhere = [...sites].filter(([, { well, down }]) => down.size > 0 && well.size === 0).map(([site]) => site).sort();
  const explained = explainedBy(evidence, sites);
  /** Only what is well elsewhere says anything of a container, and nothing that its database explains. */
  const blamed = (container: string) => [...(containers.get(container)?.down ?? [])]
    .filter((site) => sites.get(site)!.well.size > 0 && !explained.has(site)).sort();

  const faults: Fault[] = [];
  const broken = new Set<string>();
  for (const member of evidence.members) {
    const gone = goneFault(member);
    if (gone) {
      broken.add(member.id);
      faults.push(gone);
      continue;
    }
    const own = containers.get(member.id);
    const here = blamed(member.id);
    if (own && isMany(here.length, own)) {
      broken.add(member.id);
      faults.push(containerFault(member, 'sites-down', `fails ${here.length} sites that are well elsewhere`, here, seenIn(cells, here, member.id)));
    }
  }
  for (const member of evidence.members) {
    if (broken.has(member.id)) continue;
    for (const site of blamed(member.id)) {
      faults.push({
        domain: 'site-in-container', subject: `container:${member.id}`, cause: `site-down:${site}`, severity: 'warning',
        title: `site ${site} is down in container ${member.id} alone`, site, container: member.id, incarnation: member.incarnation,
        sites: [site], seen: seenIn(cells, [site], member.id),
      });
    }
  }
  faults.push(...evidence.edges.flatMap(edgeFault));
  faults.push(...evidence.databases.flatMap((each) => databaseFault(each, everywhere.filter((site) => evidence.serverOf.get(site) === each.server))));
  const unexplained = everywhere.filter((site) => !explained.has(site));

  const silent = silence(evidence);
  const why = breakerWhy(evidence.members.length, broken.size, everywhere.length, sites.size, breaker) ?? silent;
  const most = unexplained.length >= 2 && unexplained.length * 100 >= breaker.breakerPercent * sites.size;
  if (why !== null && (most || broken.size >= breaker.breakerContainers)) {
    faults.push({
      domain: 'platform', subject: 'platform', cause: 'breaker', severity: 'critical', title: `many things fail at once: ${why}`,
      sites: everywhere.slice(0, 20), seen: seenIn(cells, everywhere.slice(0, 5)),
    });
  }
  if (silent !== null) faults.push(membersSilent(silent, evidence.members));
  // One cause for many sites is one incident, not one a site.
  if (!most) for (const site of unexplained) faults.push(siteFault(site, cells, limitOf(evidence, site)));
  faults.push(...hostnameFaults(cells, sites).filter(({ site }) => !explained.has(site!)));
  return { faults, breaker: why, known: knownSubjects(evidence, containers, sites, cells, explained), explained };
}

/** Sites that are down somewhere, whose database server is at fault, or was until a moment ago. */
function explainedBy({ databases, settling, serverOf }: Evidence, sites: ReadonlyMap<string, Tally>): Map<string, string> {
  const sick = new Set([...settling, ...databases.filter(({ state }) => state === 'silent' || state === 'full').map(({ server }) => server)]);
  return new Map([...serverOf].filter(([site, server]) => sick.has(server) && (sites.get(site)?.down.size ?? 0) > 0));
}

function databaseFault({ server, state, why, seen }: DatabaseFact, hit: readonly string[]): Fault[] {
  if (state !== 'silent' && state !== 'full') return [];
  return [{
    domain: 'database', subject: `database:${server}`, cause: state === 'full' ? 'connections-used-up' : 'silent', severity: 'critical',
    title: `database server ${server} ${why}; ${hit.length} sites are down`, sites: hit.slice(0, 20), seen,
  }];
}

function limitOf({ databases, serverOf }: Evidence, site: string): number | null {
  return databases.find(({ server }) => server === serverOf.get(site))?.atLimit.get(site) ?? null;
}

/** Half of the container's sites, and two at least: fewer are the sites' own. */
function isMany(down: number, { well, down: all }: Tally): boolean {
  return down >= 2 && down * 2 >= well.size + all.size;
}

function breakerWhy(members: number, broken: number, down: number, sites: number, { breakerContainers, breakerPercent }: Breaker): string | null {
  if (broken >= breakerContainers) return `${broken} of ${members} containers`;
  if (down >= 2 && down * 100 >= breakerPercent * sites) return `${down} of ${sites} sites`;
  return null;
}

function tallies(cells: readonly Cell[], key: (cell: Cell) => string, other: (cell: Cell) => string): Map<string, Tally> {
  const found = new Map<string, Tally>();
  for (const cell of cells) {
    const tally = found.get(key(cell)) ?? { well: new Set(), down: new Set() };
    found.set(key(cell), tally);
    (cell.verdict === 'down' ? tally.down : tally.well).add(other(cell));
  }
  // Some of a site's hostnames down and others up, in one container: hostnames' faults, and the site is well there.
  for (const { well, down } of found.values()) for (const each of well) down.delete(each);
  return found;
}

function countBy(cells: readonly Cell[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { container } of cells) counts.set(container, (counts.get(container) ?? 0) + 1);
  return counts;
}

function siteFault(site: string, cells: readonly Cell[], limit: number | null): Fault {
  const because = limit === null ? '' : `: it holds all ${limit} connections to its database that it may have`;
  return {
    domain: 'site', subject: `site:${site}`, cause: 'down-everywhere', severity: 'critical',
    title: `site ${site} is down in every container that is known${because}`, site, sites: [site], seen: seenIn(cells, [site]),
  };
}

/** Hostnames that are down in every container while their site is well. */
function hostnameFaults(cells: readonly Cell[], sites: ReadonlyMap<string, Tally>): Fault[] {
  const names = new Map<string, { site: string; down: number; well: number }>();
  for (const cell of cells) {
    const at = names.get(cell.hostname) ?? { site: cell.site, down: 0, well: 0 };
    if (cell.verdict === 'down') at.down += 1;
    else at.well += 1;
    names.set(cell.hostname, at);
  }
  return [...names].filter(([, { site, down, well }]) => down > 0 && well === 0 && sites.get(site)!.well.size > 0)
    .map(([hostname, { site }]): Fault => ({
      domain: 'hostname', subject: `hostname:${hostname}`, cause: 'down-everywhere', severity: 'warning',
      title: `hostname ${hostname} is down everywhere, though its site is well`, site, sites: [site],
      seen: cells.filter((cell) => cell.hostname === hostname && cell.verdict === 'down').slice(0, 10).map(lineOf),
    }));
}

function seenIn(cells: readonly Cell[], sites: readonly string[], container?: string): string[] {
  const wanted = new Set(sites);
  return cells.filter((cell) => cell.verdict === 'down' && wanted.has(cell.site) && (container === undefined || cell.container === container))
    .slice(0, 10).map(lineOf);
}

const lineOf = (cell: Cell) => `${cell.container} ${cell.hostname}: ${cell.reason ?? 'down'}`;

function knownSubjects(
  { cells: all, members, databases }: Evidence, containers: ReadonlyMap<string, Tally>, sites: ReadonlyMap<string, Tally>, cells: readonly Cell[],
  explained: ReadonlyMap<string, string>,
): Set<string> {
  const known = new Set<string>();
  const heard = countBy(cells);
  const asked = countBy(all);
  for (const { id, liveness } of members) {
    // What a database explains hides what else may be wrong there: it is neither well again, nor one to lean on.
    const isHidden = [...(containers.get(id)?.down ?? [])].some((site) => explained.has(site));
    // A few verdicts say nothing of a container that is silent about most.
    const most = (heard.get(id) ?? 0) * 2 >= (asked.get(id) ?? 1);
    if (liveness === 'alive' && most && !isHidden) known.add(`container:${id}`);
  }
  for (const site of sites.keys()) known.add(`site:${site}`);
  for (const { hostname } of cells) known.add(`hostname:${hostname}`);
  const stillHit = new Set(explained.values());
  for (const { server, state } of databases) if (state !== 'unknown' && !stillHit.has(server)) known.add(`database:${server}`);
  if (sites.size > 0) known.add('platform');
  return known;
}
