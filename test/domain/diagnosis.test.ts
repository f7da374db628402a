/** Whose fault it is: a matrix of what was seen, and what is to be made of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closingReason } from '../../src/domain/closing.ts';
import { judgeServer, type ServerAnswer } from '../../src/domain/database-state.ts';
import { type Cell, diagnose, type Verdict } from '../../src/domain/diagnosis.ts';
import type { MemberFact } from '../../src/domain/member-faults.ts';
import { lookAtStandstill, type StandingFact } from '../../src/domain/standstill.ts';

const BREAKER = { breakerContainers: 2, breakerPercent: 20 };
const VERDICTS: Record<string, Verdict> = { u: 'up', s: 'slow', d: 'down', '?': 'unknown' };
const LIVENESS: Record<string, MemberFact['liveness']> = { a: 'alive', l: 'lost', n: 'not-ready', '?': 'unknown' };

interface Case {
  /** One row a site, one letter a container: u up, s slow, d down, ? unknown. */
  readonly matrix: readonly string[];
  /** One letter a container: a alive, l lost, n not ready for too long, ? in doubt; all alive unless said. */
  readonly live?: string;
  /** The same of edges. */
  readonly edges?: string;
  /** The judge has looked for long enough. */
  readonly steady?: boolean;
  /** What the one database server says; well unless said. */
  readonly server?: ServerAnswer;
  /** It was at fault until a moment ago. */
  readonly settling?: boolean;
  /** `domain subject cause`. */
  readonly faults: readonly string[];
  readonly breaker?: string;
}

const connections = { used: 20, most: 100, reserved: 3, holders: [{ role: 'import', count: 90 }], atLimit: [] };
const FULL = { ...connections, used: 97 };
const well = (count: number, row: string) => Array.from({ length: count }, () => row);
const CASES: Record<string, Case> = {
  'all is well': { matrix: ['uu', 'us'], faults: [] },
  'one container fails all its sites': { matrix: ['du', 'du', 'du'], faults: ['container container:A sites-down'] },
  'one container fails half of its sites': { matrix: ['du', 'du', 'uu', 'uu'], faults: ['container container:A sites-down'] },
  'one site fails in all containers': { matrix: ['dd', ...well(9, 'uu')], faults: ['site site:0 down-everywhere'] },
  'one site fails in all containers, its database is silent': {
    matrix: ['dd', ...well(9, 'uu')], server: 'silent', faults: ['database database:local silent'] },
  'one site fails in one container': { matrix: ['du', 'uu', 'uu'], faults: ['site-in-container container:A site-down:0'] },
  'one site of one fails in one container': { matrix: ['du'], faults: ['site-in-container container:A site-down:0'] },
  'few of many sites fail in one container': {
    matrix: ['du', 'du', ...well(8, 'uu')], faults: ['site-in-container container:A site-down:0', 'site-in-container container:A site-down:1'] },
  'most sites fail everywhere': { matrix: ['dd', 'dd', 'uu'], faults: ['platform platform breaker'], breaker: '2 of 3 sites' },
  'all sites fail everywhere, the database is silent': {
    matrix: ['dd', 'dd'], server: 'silent', faults: ['database database:local silent'], breaker: '2 of 2 sites' },
  'most sites fail everywhere, the database has no connection left for them': {
    matrix: ['dd', 'dd', 'uu'], server: FULL, faults: ['database database:local connections-used-up'], breaker: '2 of 3 sites' },
  'the database is full, and one container saw it first: not that container’s': {
    matrix: ['du', 'du', 'du'], server: FULL, faults: ['database database:local connections-used-up'] },
  'not even the platform gets a connection': {
    matrix: ['dd', ...well(9, 'uu')], server: 'refused', faults: ['database database:local connections-used-up'] },
  'a database that nobody could ask explains nothing': { matrix: ['dd', ...well(9, 'uu')], server: null, faults: ['site site:0 down-everywhere'] },
  'the database is well again, its sites were not all heard since': { matrix: ['dd', 'du', 'uu'], settling: true, faults: [] },
  'a site that holds all its connections is its own fault': {
    matrix: ['dd', ...well(9, 'uu')], server: { ...connections, atLimit: [{ site: '0', limit: 10 }] }, faults: ['site site:0 down-everywhere'] },
  'two containers fail': {
    matrix: ['ddu', 'ddu'], faults: ['container container:A sites-down', 'container container:B sites-down', 'platform platform breaker'], breaker: '2 of 3 containers' },
  'a container is lost': { matrix: ['uu', 'uu'], live: 'la', faults: ['container container:A lease-lapsed'] },
  'two containers are lost': {
    matrix: ['uuu'], live: 'lla', breaker: '2 of 3 containers',
    faults: ['container container:A lease-lapsed', 'container container:B lease-lapsed', 'platform platform breaker'] },
  'a lost container’s last words are none of now': { matrix: ['du', 'du'], live: 'la', faults: ['container container:A lease-lapsed'] },
  'a container in doubt is no fault': { matrix: ['du', 'du'], live: '?a', faults: [] },
  'both containers of two are silent: nobody is replaced, somebody is told': {
    matrix: ['??'], live: '??', steady: true, faults: ['platform platform members-silent'], breaker: '2 of 2 containers' },
  'both are silent, and the judge has only just begun': { matrix: ['??'], live: '??', faults: [] },
  'one of two is silent and in doubt': { matrix: ['?u'], live: '?a', steady: true, faults: [] },
  'a container does not become ready': { matrix: ['?u'], live: 'na', faults: ['container container:A not-ready'] },
  'an edge is lost, or does not become ready': { matrix: ['uu'], edges: 'aln?', faults: ['edge container:E1 edge-lost', 'edge container:E2 not-ready'] },
  'nothing is known elsewhere: not the container’s': { matrix: ['d?', 'd?'], faults: ['platform platform breaker'], breaker: '2 of 2 sites' },
  'nothing is known at all': { matrix: ['??', '??'], faults: [] },
  'the only container fails one site of many': { matrix: ['d', ...well(9, 'u')], faults: ['site site:0 down-everywhere'] },
  'the only container fails all: the breaker, not the container': { matrix: ['d', 'd', 'd'], faults: ['platform platform breaker'], breaker: '3 of 3 sites' },
  'one site alone never opens the breaker': { matrix: ['dd', 'uu'], faults: ['site site:0 down-everywhere'] },
};

function found({ matrix, live, edges = '', steady = false, server = connections, settling = false }: Omit<Case, 'faults' | 'breaker'>) {
  const names = [...matrix[0]!].map((_, i) => 'ABCDEFG'[i]!);
  const cells = matrix.flatMap((row, site) => [...row].map((letter, i): Cell => ({
    hostname: `${site}.example.org`, site: String(site), container: names[i]!, verdict: VERDICTS[letter]! })));
  return diagnose({
    cells, members: names.map((id, i) => ({ id, incarnation: 1, liveness: LIVENESS[live?.[i] ?? 'a']! })), steady,
    edges: [...edges].map((letter, i) => ({ id: `E${i}`, incarnation: 1, liveness: LIVENESS[letter]! })),
    databases: [judgeServer('local', server)], settling: new Set(settling ? ['local'] : []),
    serverOf: new Map(matrix.map((_, site) => [String(site), 'local'])),
  }, BREAKER);
}

for (const [name, { faults, breaker = null, ...given }] of Object.entries(CASES)) {
  test(name, () => {
    const diagnosis = found(given);
    // A database at fault is named whenever it was asked.
    assert.deepEqual(diagnosis.faults.map(({ domain, subject, cause }) => `${domain} ${subject} ${cause}`), faults);
    assert.equal(diagnosis.breaker, breaker);
  });
}

test('a full database says how full, and who has the connections; a site at its limit says its limit', () => {
  const [full] = found({ matrix: ['dd', 'uu'], server: FULL }).faults;
  assert.equal(full!.title, 'database server local has no connection left for a site: 97 are in use, 97 is what sites may have; 1 sites are down');
  assert.deepEqual(full!.seen, ['import: 90 connections']);
  const [own] = found({ matrix: ['dd', 'uu'], server: { ...connections, atLimit: [{ site: '0', limit: 10 }] } }).faults;
  assert.match(own!.title, /it holds all 10 connections to its database/);
});

test('what a database explains is closed as such; the database itself only when its sites were heard again', () => {
  const why = (subject: string, cause: string, given: Parameters<typeof found>[0]) =>
    closingReason({ subject, cause }, { diagnosis: found(given), standstill: { going: new Set() }, gone: new Set(), alive: new Set(), allAlive: true, allCertain: true, mostAlive: true, allKnown: true });
  const full = { matrix: ['dd', 'uu'], server: FULL };
  assert.equal(why('site:0', 'down-everywhere', full), 'its database server local is what is at fault');
  assert.equal(why('container:A', 'site-down:0', { ...full, matrix: ['du', 'uu'] }), 'its database server local is what is at fault');
  assert.equal(why('database:local', 'connections-used-up', full), null);
  assert.equal(why('container:A', 'sites-down', { ...full, matrix: ['du', 'du'] }), null, 'a database that fails makes no container well');
  assert.equal(why('database:local', 'connections-used-up', { matrix: ['dd', 'uu'], settling: true }), null);
  assert.equal(why('database:local', 'connections-used-up', { matrix: ['uu', 'uu'], settling: true }), 'well again');
  assert.equal(why('database:local', 'connections-used-up', { matrix: ['uu', 'uu'], server: null }), null);
});

test('missing data is no reason to close what stands still', () => {
  const why = (subject: string, cause: string, alive: readonly string[], going: readonly string[] = []) => closingReason({ subject, cause }, {
    diagnosis: found({ matrix: ['uu'] }), standstill: { going: new Set(going) }, gone: new Set(), alive: new Set(alive), allAlive: alive.length === 2, allCertain: true, mostAlive: true, allKnown: true,
  });
  const [A, B] = ['container:A', 'container:B'];
  assert.equal(why(A, 'quarantined:0', [B]), null, 'its rows go when it starts again');
  assert.equal(why(A, 'quarantined:0', [B], ['site:0 quarantined']), 'it is held back elsewhere too');
  assert.equal(why(A, 'quarantined:0', [A]), 'its newest state is taken');
  assert.equal(why('site:0', 'quarantined', [A]), null);
  assert.equal(why('site:0', 'quarantined', [A, B]), 'its newest state is taken');
});

test('of a container that is silent about most of its hostnames nothing is known: it is not one to lean on', () => {
  const known = (...matrix: string[]) => found({ matrix }).known.has('container:A');
  assert.deepEqual([known('uu', 'uu', '?u'), known('du', '?u')], [true, true]);
  assert.deepEqual([known('du', '?u', '?u'), known('uu', '?u', '?u'), known('?u')], [false, false, false]);
});

test('a hostname that fails everywhere while its site is well is the hostname’s fault', () => {
  const cells = ['A', 'B'].flatMap((container): Cell[] => [
    { hostname: 'www.example.org', site: 's', container, verdict: 'up' },
    { hostname: 'old.example.org', site: 's', container, verdict: 'down', reason: 'answered 404' },
  ]);
  const members = ['A', 'B'].map((id) => ({ id, incarnation: 1, liveness: 'alive' as const }));
  const { faults } = diagnose({ cells, members, edges: [], steady: false, databases: [], settling: new Set(), serverOf: new Map() }, BREAKER);
  assert.deepEqual(faults.map(({ subject, seen }) => [subject, seen]), [
    ['hostname:old.example.org', ['A old.example.org: answered 404', 'B old.example.org: answered 404']]]);
});

test('one that stands still is named after 10 s, with why; not while it works through a change, nor for a vassal', () => {
  const member = { id: 'A', incarnation: 1, role: 'site' as const, ready: true, holds: true, waitingOn: [], behindMs: null, integrity: null };
  const disk = { on: 'disk' as const, message: 'ENOSPC' };
  const vassal = { on: 'vassal' as const, site: 's', message: 'starting' };
  /** Since when it waits, and since when it is heard of, s before now. */
  const found = (given: Partial<StandingFact>, waits = 60, held = 60) => lookAtStandstill(
    new Map(['disk', 'vassal', 'nginx'].map((on) => [`A/1 ${on}`, 100_000 - waits * 1_000])),
    { now: 100_000, members: [{ ...member, ...given }], quarantines: [], integrityEveryMs: 60_000, heldSince: () => 100_000 - held * 1_000 },
  ).faults.map(({ cause }) => cause);
  assert.deepEqual(found({}), []);
  assert.deepEqual(found({ behindMs: 9_000 }), []);
  assert.deepEqual(found({ behindMs: 11_000 }), ['behind']);
  assert.deepEqual(found({ behindMs: 11_000 }, 60, 5), [], 'it was only heard of again a moment ago');
  assert.deepEqual(found({ behindMs: 11_000, waitingOn: [disk] }, 0), ['waits:disk'], 'one incident, with the reason');
  assert.deepEqual(found({ waitingOn: [vassal, disk] }), ['waits:disk']);
  assert.deepEqual(found({ waitingOn: [disk] }, 5), []);
  assert.deepEqual(found({ waitingOn: [vassal] }), []);
  assert.deepEqual(found({ role: 'edge', waitingOn: [{ on: 'nginx', message: 'it does not answer' }] }), ['waits:nginx']);
  assert.deepEqual(found({ holds: false, behindMs: 11_000, waitingOn: [disk] }), [], 'of one that is not heard of nothing is known');
});
