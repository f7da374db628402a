/** Why a hostname is served as it is: what is known of it, as lines from the visitor inwards, and what to do next. Pure. */
import type { HostnameRole, Member, SitePhase } from './desired.ts';

/** An edge and a container wait so long for an answer of their own: that none came in time is an answer too. */
export const ANSWERS_WITHIN_MS = 2_500;

export interface WhyContainer {
  readonly id: string;
  readonly state: string;
  readonly alive: boolean;
  /** Generations that it is behind the platform. */
  readonly behind: number;
  readonly waitingOn: readonly string[];
  /** Why it serves an older version of the site; null when it does not. */
  readonly quarantine: string | null;
  /** What the hostname answered inside it just now; null: its agent did not answer. `late`: nothing came in time. */
  readonly answered: { readonly ok: boolean; readonly status: number | null; readonly ms: number; readonly reason: string | null; readonly late?: boolean } | null;
  /** `awake`, `asleep`, `starting`, `failing`, `none`; null when that is not known. */
  readonly vassal: string | null;
  /** The last in the site's log there, where it does not answer well; null where there is none of late. */
  readonly traceback: string | null;
}

/** What an edge itself answered for the hostname just now, to a request for its first page. */
export interface EdgeAnswer {
  /** Null: none came. */
  readonly status: number | null;
  readonly ms: number;
  /** The container whose answer it is, or the last one that was asked for it; its address where the edge knows it no more. */
  readonly container: string | null;
  /** Those that were asked before it: what they said, if anything, was not passed on. */
  readonly tried: readonly string[];
  /** The site that answered; null when none did. */
  readonly site: string | null;
  /** Why no answer came: it took longer than is waited for, or its nginx takes no connection. */
  readonly failure: 'late' | 'unreachable' | null;
}

export interface WhyEdge {
  readonly id: string;
  readonly alive: boolean;
  /** Null: its agent did not say. */
  readonly answered: EdgeAnswer | null;
}

export interface WhyFacts {
  readonly hostname: string;
  /** Null: no site has it. */
  readonly binding: {
    readonly site: string; readonly siteName: string; readonly phase: SitePhase; readonly role: HostnameRole; readonly bound: boolean;
    /** The run that works on it or on its site. */
    readonly run: { readonly id: string; readonly type: string } | null;
    /** It waits for its owner's DNS record of this name. */
    readonly proof: string | null;
  } | null;
  /** What its name resolves to; null when that could not be asked. */
  readonly addresses: readonly string[] | null;
  readonly edges: readonly WhyEdge[];
  readonly containers: readonly WhyContainer[];
  /** The site's database, asked directly as the site; null where there is none to ask. */
  readonly database: { readonly answers: boolean | null; readonly ms: number; readonly message: string | null } | null;
  readonly lastChange: { readonly generation: number; readonly type: string; readonly who: string; readonly secondsAgo: number } | null;
  readonly incident: { readonly id: number; readonly subject: string; readonly title: string } | null;
}

export type WhyState = 'ok' | 'bad' | 'unknown';
export interface WhyLine {
  readonly what: 'name' | 'hostname' | 'edge' | 'container' | 'database' | 'change' | 'incident';
  readonly subject: string;
  readonly state: WhyState;
  readonly reason: string;
}

export interface Why {
  readonly hostname: string;
  readonly state: WhyState;
  readonly lines: readonly WhyLine[];
  readonly edges: readonly WhyEdge[];
  /** What a person would do now. */
  readonly next: string;
  /** The last traceback in the site's log where it fails, without secrets. */
  readonly traceback: { readonly container: string; readonly text: string } | null;
}

export function explain(facts: WhyFacts): Why {
  const lines = [
    nameLine(facts), hostnameLine(facts), ...edgeLines(facts), ...containerLines(facts), databaseLine(facts), changeLine(facts), incidentLine(facts),
  ].filter((line) => line !== null);
  return { hostname: facts.hostname, state: overall(facts, lines), lines, edges: facts.edges, next: nextStep(facts), traceback: tracebackOf(facts) };
}

function tracebackOf({ containers }: WhyFacts): Why['traceback'] {
  const found = containers.find(({ traceback }) => traceback !== null);
  return found ? { container: found.id, text: found.traceback! } : null;
}

/** Visitors are served when the hostname is bound and well in a container behind a living edge: the rest is a warning. */
function overall(facts: WhyFacts, lines: readonly WhyLine[]): WhyState {
  if (lines.some(({ state, what }) => state === 'bad' && what !== 'change')) return 'bad';
  return lines.some(({ state, what }) => state === 'unknown' && what !== 'name') || facts.binding === null ? 'unknown' : 'ok';
}

function nameLine({ hostname, addresses }: WhyFacts): WhyLine {
  const line = { what: 'name' as const, subject: hostname };
  if (addresses === null) return { ...line, state: 'unknown', reason: 'the name servers did not answer in time' };
  if (addresses.length === 0) return { ...line, state: 'bad', reason: 'no name server has an address for it: visitors cannot find it' };
  return { ...line, state: 'ok', reason: `resolves to ${addresses.slice(0, 3).join(', ')}` };
}

function hostnameLine({ hostname, binding }: WhyFacts): WhyLine {
  const line = { what: 'hostname' as const, subject: hostname };
  if (!binding) return { ...line, state: 'bad', reason: 'no site has it: visitors get 421' };
  const of = `${binding.role} of ${binding.siteName} (${binding.site})`;
  if (!binding.bound) return { ...line, state: 'bad', reason: `${of}, held but not served${binding.proof ? `: its owner has not proved it yet (TXT ${binding.proof})` : ''}` };
  if (binding.phase === 'live') return { ...line, state: 'ok', reason: of };
  if (binding.phase === 'suspended') return { ...line, state: 'bad', reason: `${of}, which is suspended: visitors get the maintenance page (503)` };
  return { ...line, state: 'bad', reason: `${of}, which is ${binding.phase}: nothing is served` };
}

function edgeLines({ edges, binding }: WhyFacts): WhyLine[] {
  if (edges.length === 0) return [{ what: 'edge', subject: 'edge', state: 'unknown', reason: 'Reeve runs no edge here' }];
  return edges.map((each) => ({ what: 'edge', subject: each.id, ...judgeEdge(each, binding) }));
}

/**
 * The container that answered, by nginx's own word: `$upstream_addr` names all that were asked for one request, in order.
 * @param upstreams `10.0.0.1:80, 10.0.0.2:80`; null when none was asked
 */
export function answeredBy(upstreams: string | null, members: readonly Member[]): Pick<EdgeAnswer, 'container' | 'tried'> {
  const asked = (upstreams ?? '').split(/, | : /).filter((one) => one !== '').map((one) =>
    members.find(({ address, port }) => one === `${address.includes(':') ? `[${address}]` : address}:${port}`)?.id ?? one);
  return { container: asked.at(-1) ?? null, tried: asked.slice(0, -1) };
}

function judgeEdge({ alive, answered }: WhyEdge, binding: WhyFacts['binding']): { state: WhyState; reason: string } {
  if (!alive) return { state: 'unknown', reason: 'nothing is heard of it; it may serve all the same' };
  if (answered === null) return { state: 'unknown', reason: 'it runs, but its agent does not say which container answers' };
  const { status, container, tried, site } = answered;
  const how = `in ${Math.round(answered.ms)} ms`;
  if (status === null) {
    // Late is not never.
    return answered.failure === 'late' ? { state: 'unknown', reason: `no answer ${how}` } : { state: 'bad', reason: 'its nginx takes no connection' };
  }
  if (container === null) return { state: 'bad', reason: `answers ${status} by itself: it has no container to ask` };
  const said = `${container} answers ${status} ${how}${tried.length > 0 ? `, after ${tried.join(' and ')}` : ''}`;
  const wanted = isReachable(binding) ? binding.site : null;
  if (site !== wanted) return { state: 'bad', reason: `${said}: ${site === null ? 'no site answers' : `${site} answers${wanted === null ? '' : ` instead of ${wanted}`}`}` };
  return { state: status < 500 || (status === 503 && binding?.phase === 'suspended') ? 'ok' : 'bad', reason: said };
}

/** Whether visitors come to it, or at least to its maintenance page. */
function isReachable(binding: WhyFacts['binding']): binding is NonNullable<WhyFacts['binding']> {
  return binding?.bound === true && (binding.phase === 'live' || binding.phase === 'suspended');
}

function containerLines({ binding, containers }: WhyFacts): WhyLine[] {
  if (!binding) return [];
  if (containers.length === 0) return [{ what: 'container', subject: '-', state: 'bad', reason: 'there is none that serves sites' }];
  return containers.map((each) => ({ what: 'container', subject: each.id, ...judgeContainer(each) }));
}

function judgeContainer(each: WhyContainer): { state: WhyState; reason: string } {
  const { answered, vassal } = each;
  const about = [
    ...(vassal === null ? [] : [`vassal ${vassal}`]),
    ...(each.quarantine === null ? [] : [`an older version serves: ${each.quarantine}`]),
    ...(each.behind > 0 ? [`${each.behind} generations behind${each.waitingOn.length > 0 ? `, waits on ${each.waitingOn.join('; ')}` : ''}`] : []),
  ];
  const say = (first: string) => [first, ...about].join('; ');
  // One that starts has no lease yet.
  if (!each.alive && each.state !== 'starting') return { state: 'bad', reason: say('lost: its lease has lapsed') };
  if (each.state !== 'ready') return { state: 'unknown', reason: say(`${each.state}: the edge sends it nobody`) };
  if (answered === null) return { state: 'unknown', reason: say('its agent does not answer') };
  const how = `${answered.status ?? 'no answer'} in ${Math.round(answered.ms)} ms`;
  // Late is not never.
  if (answered.late) return { state: 'unknown', reason: say(how) };
  if (!answered.ok) return { state: 'bad', reason: say(`${how}: ${answered.reason ?? 'not as expected'}`) };
  return { state: each.quarantine === null ? 'ok' : 'bad', reason: say(how) };
}

function databaseLine({ binding, database }: WhyFacts): WhyLine | null {
  if (!binding || !database) return null;
  const line = { what: 'database' as const, subject: binding.site };
  if (database.answers === null) return { ...line, state: 'unknown', reason: database.message ?? 'it could not be asked' };
  return database.answers
    ? { ...line, state: 'ok', reason: `answers the site in ${Math.round(database.ms)} ms` }
    : { ...line, state: 'bad', reason: database.message ?? 'it does not answer' };
}

function changeLine({ lastChange }: WhyFacts): WhyLine | null {
  if (!lastChange) return null;
  const { generation, type, who, secondsAgo } = lastChange;
  return { what: 'change', subject: `generation ${generation}`, state: 'ok', reason: `${type} by ${who}, ${words(secondsAgo)} ago` };
}

function incidentLine({ incident }: WhyFacts): WhyLine | null {
  return incident && { what: 'incident', subject: `${incident.id}`, state: 'bad', reason: `${incident.title} (${incident.subject})` };
}

/** The first of these that holds, from the cause outwards: what mends it, or where to look. */
function nextStep(facts: WhyFacts): string {
  const { binding, containers, database, addresses, hostname } = facts;
  if (!binding) return `bind it: reeve host bind <site> ${hostname}`;
  if (binding.run) return `wait for ${binding.run.type}: reeve run watch ${binding.run.id}`;
  if (!binding.bound) return binding.proof ? `set the TXT record ${binding.proof}, then: reeve host bind ${binding.siteName} ${hostname}` : `bind it: reeve host bind ${binding.siteName} ${hostname}`;
  if (binding.phase === 'suspended') return `resume it: reeve site resume ${binding.siteName}`;
  if (binding.phase === 'deleted') return `restore it: reeve site restore ${binding.siteName}`;
  if (database?.answers === false) return 'look at the database server: it is no container’s fault';
  if (containers.length === 0) return 'launch a container: reeve container add';
  const judged = containers.map((each) => ({ ...each, judged: judgeContainer(each).state }));
  const bad = judged.filter((each) => each.judged === 'bad');
  const refused = bad.find((each) => each.quarantine !== null);
  if (refused) return `the site’s newest version does not run: reeve site logs ${binding.siteName} --errors`;
  if (bad.length > 0 && bad.length === judged.length) return `it fails everywhere, so look at the site: reeve site logs ${binding.siteName} --errors`;
  const lost = bad.find((each) => !each.alive);
  if (lost) return `container ${lost.id} is lost: reeve container show ${lost.id}`;
  if (bad[0]) return `it is well elsewhere, so regenerate there: reeve container regenerate ${bad[0].id}`;
  const silent = judged.find((each) => each.judged === 'unknown');
  if (silent) return `look at container ${silent.id}: reeve container show ${silent.id}`;
  const edges = facts.edges.map((each) => ({ ...each, judged: judgeEdge(each, binding).state }));
  const edge = edges.find((each) => each.judged === 'bad') ?? edges.find((each) => each.judged === 'unknown');
  if (edge) return `look at edge ${edge.id}: reeve container show ${edge.id}`;
  if (addresses?.length === 0) return 'have its name resolve to the edge';
  return facts.incident ? `see what was done: reeve incident show ${facts.incident.id}` : 'nothing: it is served';
}

function words(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} days`;
}
