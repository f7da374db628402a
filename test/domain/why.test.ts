/** What a person reads of a hostname, case by case: the verdict, the line that says why, and what to do next. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answeredBy, type EdgeAnswer, explain, type WhyContainer, type WhyFacts, type WhyState } from '../../src/domain/why.ts';

const well: WhyContainer = {
  id: 'c000000001', state: 'ready', alive: true, behind: 0, waitingOn: [], quarantine: null, vassal: 'awake', traceback: null,
  answered: { ok: true, status: 200, ms: 12, reason: null },
};
const other = { ...well, id: 'c000000002' };
const ill = { ok: false, status: 500, ms: 40, reason: '500 where 200 is expected' };
const binding: NonNullable<WhyFacts['binding']> = {
  site: 's000000001', siteName: 'alpha', phase: 'live', role: 'primary', bound: true, run: null, proof: null,
};
const chosen: EdgeAnswer = { status: 200, ms: 15, container: 'c000000001', tried: [], site: 's000000001', failure: null };
const edge = { id: 'c000000009', alive: true, answered: chosen };
/** The edge with another answer. */
const through = (changed: Partial<EdgeAnswer>) => [{ ...edge, answered: { ...chosen, ...changed } }];
const served: WhyFacts = {
  hostname: 'www.example.org', binding, addresses: ['192.0.2.1'], edges: [edge], containers: [well, other],
  database: { answers: true, ms: 3, message: null },
  lastChange: { generation: 7, type: 'hostname.bound', who: 'ada', secondsAgo: 90 }, incident: null,
};

const CASES: [name: string, changed: Partial<WhyFacts>, state: WhyState, says: RegExp, next: RegExp][] = [
  ['all is well', {}, 'ok', /ok container c000000001 200 in 12 ms; vassal awake/, /^nothing: it is served/],
  ['no site has it', { binding: null, containers: [], database: null }, 'bad', /no site has it: visitors get 421/, /reeve host bind <site> www\.example\.org/],
  ['held, not proved', { binding: { ...binding, bound: false, proof: '_reeve.www.example.org' } }, 'bad', /has not proved it yet/, /TXT record _reeve/],
  ['a run works on it', { binding: { ...binding, bound: false, run: { id: 'w1', type: 'bindHostname' } } }, 'bad', /held but not served/, /reeve run watch w1/],
  ['suspended', { binding: { ...binding, phase: 'suspended' } }, 'bad', /maintenance page/, /reeve site resume alpha/],
  ['deleted', { binding: { ...binding, phase: 'deleted' } }, 'bad', /nothing is served/, /reeve site restore alpha/],
  ['the name resolves to nothing', { addresses: [] }, 'bad', /no name server has an address/, /resolve to the edge/],
  ['the name servers are silent', { addresses: null }, 'ok', /unknown name/, /^nothing/],
  ['the database is away, and every page fails', { database: { answers: false, ms: 3_000, message: 'connect ECONNREFUSED' }, containers: [{ ...well, answered: ill }, { ...other, answered: ill }] },
    'bad', /bad database s000000001 connect ECONNREFUSED/, /database server: it is no container’s fault/],
  ['it fails everywhere', { containers: [{ ...well, answered: ill }, { ...other, answered: ill }] }, 'bad', /500 where 200/, /look at the site: reeve site logs alpha --errors/],
  ['it fails in one container', { containers: [well, { ...other, answered: ill, vassal: 'failing' }] }, 'bad', /c000000002 500 in 40 ms.*vassal failing/, /regenerate c000000002/],
  ['quarantined', { containers: [well, { ...other, quarantine: 'it ends as soon as it starts' }] }, 'bad', /an older version serves: it ends/, /newest version does not run/],
  ['a container is lost', { containers: [well, { ...other, alive: false, answered: null }] }, 'bad', /lost: its lease has lapsed/, /c000000002 is lost/],
  ['a container only starts', { containers: [well, { ...other, state: 'starting', alive: false, answered: null }] }, 'unknown', /unknown container c000000002 starting: the edge sends it nobody/, /look at container c000000002/],
  ['an agent is silent', { containers: [well, { ...other, answered: null, vassal: null }] }, 'unknown', /its agent does not answer/, /look at container c000000002/],
  ['a container is slow, or hangs', { containers: [well, { ...other, answered: { ok: false, status: null, ms: 2_501, reason: 'no answer within 2500 ms', late: true } }] },
    'unknown', /unknown container c000000002 no answer in 2501 ms; vassal awake/, /look at container c000000002/],
  ['a container lags', { containers: [{ ...well, behind: 3, waitingOn: ['nginx: it does not answer'] }] }, 'ok', /3 generations behind, waits on nginx/, /^nothing/],
  ['none is there', { containers: [] }, 'bad', /there is none that serves/, /reeve container add/],
  ['no edge is Reeve’s', { edges: [] }, 'unknown', /Reeve runs no edge/, /^nothing/],
  ['the edge says who answers', {}, 'ok', /ok edge c000000009 c000000001 answers 200 in 15 ms$/m, /^nothing/],
  ['another one was asked before', { edges: through({ container: 'c000000002', tried: ['c000000001'] }) }, 'ok', /c000000002 answers 200 in 15 ms, after c000000001$/m, /^nothing/],
  ['nothing is heard of the edge', { edges: [{ ...edge, alive: false, answered: null }] }, 'unknown', /unknown edge c000000009 nothing is heard of it/, /look at edge c000000009/],
  ['the edge’s agent is silent', { edges: [{ ...edge, answered: null }] }, 'unknown', /unknown edge .* does not say which container answers/, /look at edge c000000009/],
  ['one edge of two is silent', { edges: [edge, { ...edge, id: 'c000000008', answered: null }] }, 'unknown', /ok edge c000000009 [\s\S]*unknown edge c000000008/, /look at edge c000000008/],
  ['the edge’s nginx is gone', { edges: through({ status: null, container: null, site: null, failure: 'unreachable' }) }, 'bad', /bad edge .* nginx takes no connection/, /look at edge/],
  ['the edge waits for an answer', { edges: through({ status: null, ms: 2_500, container: null, site: null, failure: 'late' }) }, 'unknown', /unknown edge .* no answer in 2500 ms/, /look at edge/],
  ['the edge has no container', { edges: through({ status: 503, container: null, site: null }) }, 'bad', /answers 503 by itself/, /look at edge/],
  ['no container answers the edge', { edges: through({ status: 502, site: null, tried: ['c000000002'] }) }, 'bad', /c000000001 answers 502 in 15 ms, after c000000002: no site answers/, /look at edge/],
  ['another site answers', { edges: through({ site: 's000000002' }) }, 'bad', /s000000002 answers instead of s000000001/, /look at edge/],
  ['its first page fails through the edge', { edges: through({ status: 500 }) }, 'bad', /bad edge .* c000000001 answers 500/, /look at edge/],
  ['suspended, as the edge says too', { binding: { ...binding, phase: 'suspended' }, edges: through({ status: 503 }) }, 'bad', /ok edge .* answers 503/, /site resume/],
  ['no site has it, and none answers', { binding: null, edges: through({ status: 421, site: null }), containers: [], database: null }, 'bad', /ok edge .* answers 421/, /host bind/],
  ['no site has it, and one answers', { binding: null, edges: through({}), containers: [], database: null }, 'bad', /bad edge .*: s000000001 answers$/m, /host bind/],
  ['an incident is open', { incident: { id: 5, subject: 'site:s000000001', title: 'alpha was down' } }, 'bad', /bad incident 5 alpha was down/, /reeve incident show 5/],
];

for (const [name, changed, state, says, next] of CASES) {
  test(name, () => {
    const why = explain({ ...served, ...changed });
    const text = why.lines.map((line) => `${line.state} ${line.what} ${line.subject} ${line.reason}`).join('\n');
    assert.equal(why.state, state, text);
    assert.match(text, says);
    assert.match(why.next, next, text);
  });
}

test('one screen, from the visitor inwards', () => {
  assert.deepEqual(explain(served).lines.map(({ what }) => what), ['name', 'hostname', 'edge', 'container', 'container', 'database', 'change']);
});

test('the container that answered is the last of those that the edge’s nginx asked', () => {
  const members = [
    { id: 'c000000001', incarnation: 1, address: '10.0.0.1', port: 80 }, { id: 'c000000002', incarnation: 1, address: 'fd00::2', port: 8080 },
  ] as const;
  assert.deepEqual(answeredBy('10.0.0.1:80', members), { container: 'c000000001', tried: [] });
  assert.deepEqual(answeredBy('10.0.0.1:80, [fd00::2]:8080', members), { container: 'c000000002', tried: ['c000000001'] });
  assert.deepEqual(answeredBy('10.0.0.9:80', members), { container: '10.0.0.9:80', tried: [] }, 'one that is no member any more');
  assert.deepEqual(answeredBy(null, members), { container: null, tried: [] });
});
