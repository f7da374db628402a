/** Everything that can be known of one hostname, asked at once, each with a deadline. */
import { lookup } from 'node:dns/promises';
import pg from 'pg';
import type { AgentPlace } from '../../database/read/containers.ts';
import { readWhyAround, readWhyBinding, readWhyContainers, readWhyEdges, type WhyBinding, type WhyContainerRow, type WhyEdgeRow } from '../../database/read/why.ts';
import type { Queryable } from '../../database/pool.ts';
import { databasePassword, databaseRole, type SitesKey } from '../../domain/secrets.ts';
import { ANSWERS_WITHIN_MS, type EdgeAnswer, type WhyContainer, type WhyEdge, type WhyFacts } from '../../domain/why.ts';
import { openAgent } from '../agents/open.ts';

/** Less than a request's own time, and more than an agent waits itself: what has not answered by then is unknown. */
const WITHIN_MS = ANSWERS_WITHIN_MS + 500;

export async function whyFacts({ db, sitesKey, hostname }: { db: Queryable; sitesKey: SitesKey; hostname: string }): Promise<WhyFacts> {
  const found = await readWhyBinding(db, hostname);
  // One after the other: inside a transaction there is one connection.
  const around = await readWhyAround(db, hostname, found?.site ?? null);
  const rows = found ? await readWhyContainers(db, found.site) : [];
  const before = await readWhyEdges(db);
  const [addresses, edges, containers, database] = await Promise.all([
    addressesOf(hostname), Promise.all(before.map((row) => askEdge(sitesKey, row, hostname))),
    Promise.all(rows.map((row) => askContainer(sitesKey, row, hostname))), found ? askDatabase(sitesKey, found) : null,
  ]);
  const binding = found && {
    site: found.site, siteName: found.siteName, phase: found.phase, role: found.role, bound: found.bound, run: found.run, proof: found.proof,
  };
  return { hostname, binding, addresses, edges, containers, database, ...around };
}

/** None when the name does not exist; null when that could not be learnt. */
async function addressesOf(hostname: string): Promise<readonly string[] | null> {
  // RFC 6761 §6.3: browsers take it for their own machine and ask nobody, and many a system's resolver knows none such.
  if (hostname.endsWith('.localhost')) return ['127.0.0.1', '::1'];
  try {
    const found = await within(lookup(hostname, { all: true }));
    return found.map(({ address }) => address);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOTFOUND' ? [] : null;
  }
}

/** Which container it sends the hostname's visitors to. */
async function askEdge(sitesKey: SitesKey, { id, alive, incarnation, agentUrl }: WhyEdgeRow, hostname: string): Promise<WhyEdge> {
  if (agentUrl === null || !alive) return { id, alive, answered: null };
  try {
    const path = `/answer/${encodeURIComponent(hostname)}`;
    const body = await openAgent(sitesKey, { id, incarnation, agentUrl }, { method: 'GET', path, signal: AbortSignal.timeout(WITHIN_MS) });
    return { id, alive, answered: (await body.json()) as EdgeAnswer };
  } catch {
    return { id, alive, answered: null };
  }
}

async function askContainer(sitesKey: SitesKey, { agentUrl, incarnation, ...row }: WhyContainerRow, hostname: string): Promise<WhyContainer> {
  if (agentUrl === null || !row.alive) return { ...row, answered: null, vassal: null, traceback: null };
  const place: AgentPlace = { id: row.id, incarnation, agentUrl };
  try {
    const body = await openAgent(sitesKey, place, { method: 'POST', path: '/look', body: { hostname }, signal: AbortSignal.timeout(WITHIN_MS) });
    const { answered, vassal, traceback } = (await body.json()) as Pick<WhyContainer, 'answered' | 'vassal' | 'traceback'>;
    return { ...row, answered: answered ?? { ok: false, status: null, ms: 0, reason: 'it does not know this hostname yet' }, vassal, traceback };
  } catch {
    return { ...row, answered: null, vassal: null, traceback: null };
  }
}

/** As the site itself would connect. */
async function askDatabase(sitesKey: SitesKey, { site, host, port, secretVersion }: WhyBinding): Promise<WhyFacts['database']> {
  const start = performance.now();
  const client = new pg.Client({
    host, port, database: site, user: databaseRole(site, secretVersion), password: databasePassword(sitesKey, site, secretVersion),
    application_name: 'reeve why', connectionTimeoutMillis: WITHIN_MS, query_timeout: WITHIN_MS,
  });
  client.on('error', () => {});
  const ms = () => performance.now() - start;
  try {
    await within(client.connect().then(() => client.query('select 1')));
    return { answers: true, ms: ms(), message: null };
  } catch (error) {
    return { answers: false, ms: ms(), message: (error as Error).message.slice(0, 300) };
  } finally {
    void client.end().catch(() => {});
  }
}

async function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  work.catch(() => {});
  const late = new Promise<never>((_, reject) => { timer = setTimeout(() => reject(new Error(`no answer within ${WITHIN_MS / 1_000} s`)), WITHIN_MS); });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
