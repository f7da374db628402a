import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { askApproval } from '../../src/database/approvals.ts';
import { openIncident } from '../../src/database/incidents.ts';
import { newId } from '../../src/database/new-id.ts';
import { encodeCursor } from '../../src/database/read/page.ts';
import { recordDecision } from '../../src/database/remediations.ts';
import { createSession } from '../../src/database/sessions.ts';
import { assertProblem, complete, liveSite, startApi, SYSTEM, type TestApi } from './harness.ts';
import { person } from './people.ts';

let api: TestApi;
const ids: Record<string, string> = {};
before(async () => {
  api = await startApi();
  for (const name of ['museum', 'alpha', 'shop', 'archive']) ids[name] = await liveSite(api, name);
  const { body } = await api.send('POST', '/sites/shop/hostnames', { body: { hostname: 'www.tools-and-toys.org' } });
  await complete(api, body.run.id);
  const suspending = await api.send('POST', '/sites/archive/suspend');
  await complete(api, suspending.body.run.id, [{ table: 'site', op: 'update', key: { id: ids.archive! }, values: { phase: 'suspended' } }]);
  ids.newcomer = (await api.send('POST', '/sites', { body: { name: 'newcomer' } })).body.id;
  const container = newId('c');
  await api.database.pool.query(
    `insert into container (id, slot, role, incarnation, state, wanted) values ($1, 'one', 'site', 1, 'ready', 'running')`, [container]);
  await api.database.pool.query(
    `insert into quarantine (container, incarnation, site, wanted_rev, reason) values ($1, 1, $2, 1, 'it does not render')`, [container, ids.museum]);
});
after(() => api.close());

const names = async (query: string) => {
  const { status, body } = await api.send('GET', `/sites?${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body.items.map((site: { name: string }) => site.name) as string[];
};

test('sites are found by a part of their name or of a hostname, and by their id', async () => {
  assert.deepEqual(await names('search=ha'), ['alpha'], 'in the middle');
  assert.deepEqual(await names('search=Tools-and'), ['shop']);
  assert.deepEqual(await names(`search=${ids.alpha}`), ['alpha']);
  assert.deepEqual(await names('search=100%25'), []);
  assert.deepEqual(await names('search=m_seum'), [], 'no character means any other');
});

test('sites are asked for by their ids, all at once', async () => {
  assert.deepEqual(await names(`ids=${ids.shop},${ids.alpha},s000000000`), ['alpha', 'shop']);
});

test('each site is in the list of the state that it shows', async () => {
  assert.deepEqual(await names('state=active'), ['alpha', 'shop']);
  assert.deepEqual(await names('state=degraded'), ['museum']);
  assert.deepEqual(await names('state=suspended'), ['archive']);
  assert.deepEqual(await names('state=working'), ['newcomer']);
  assert.deepEqual(await names('state=deleted'), []);
  assertProblem(await api.send('GET', '/sites?state=sad'), 400, 'bad-request');
});

test('each order gives every site once, page by page', async () => {
  const orders: [string, string[]][] = [
    ['name', ['alpha', 'archive', 'museum', 'newcomer', 'shop']], ['-name', ['shop', 'newcomer', 'museum', 'archive', 'alpha']],
    ['created', ['museum', 'alpha', 'shop', 'archive', 'newcomer']], ['-created', ['newcomer', 'archive', 'shop', 'alpha', 'museum']],
  ];
  for (const [sort, wanted] of orders) {
    const seen: string[] = [];
    for (let cursor = '', page = 0; page === 0 || cursor !== ''; page += 1) {
      const { body } = await api.send('GET', `/sites?limit=2&sort=${sort}${cursor === '' ? '' : `&cursor=${cursor}`}`);
      seen.push(...body.items.map((site: { name: string }) => site.name));
      cursor = body.next ?? '';
    }
    assert.deepEqual(seen, wanted, sort);
  }
});

/** A list to its end, two a page. */
async function walked(path: string, sort: string, key: string, { send }: Pick<TestApi, 'send'> = api): Promise<string[]> {
  const seen: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const { status, body } = await send('GET', `${path}${path.includes('?') ? '&' : '?'}limit=2&sort=${sort}${cursor && `&cursor=${cursor}`}`);
    assert.equal(status, 200, JSON.stringify(body));
    seen.push(...body.items.map((each: Record<string, unknown>) => String(each[key])));
    cursor = body.next;
  }
  return seen;
}

/** Each list has, in each of its orders, each row once, and turned around the same from its end. */
async function assertOrders(orders: Readonly<Record<string, readonly string[]>>, key = 'id', who: Pick<TestApi, 'send'> = api): Promise<void> {
  for (const [path, columns] of Object.entries(orders)) for (const column of columns) {
    const up = await walked(path, column, key, who);
    assert.ok(up.length >= 3, path);
    assert.equal(new Set(up).size, up.length, `${path} by ${column}: each once`);
    assert.deepEqual((await walked(path, `-${column}`, key, who)).reverse(), up, `${path} by ${column}: turned around`);
    assertProblem(await who.send('GET', `${path}?sort=sadness`), 400, 'bad-request');
    const { status, body } = await who.send('GET', `${path}?sort=${column}&cursor=${encodeCursor(['neither a time nor a number', 'x'])}`);
    assert.ok(status === 200 || (status === 400 && body.errors[0].path === 'cursor'), `${path} by ${column}, from a page in another order: ${JSON.stringify(body)}`);
  }
}

test('each list is whole in each of its orders, page by page, and the other way around', async () => {
  const { pool } = api.database;
  for (const name of ['Cleo', 'ada', 'Ben']) await person(api, name, [{ role: 'viewer' }]);
  await pool.query(`update app_user set last_seen_at = now() where email = 'ben@example.org'`);
  for (const name of ['web', 'Archive', 'ops']) await api.send('POST', '/teams', { body: { name } });
  await api.send('POST', '/teams/web/members', { body: { user: 'ada@example.org' } });
  // An edge too takes over each generation.
  for (const [n, generations] of [0, 3, 1, 3].entries()) {
    await pool.query(
      `insert into container (id, slot, role, incarnation, state, wanted, observed_epoch, observed_generation, lease_expires_at, load)
         select $1, $1, $4, 1, 'ready', 'running', epoch, generation - $2, now() + interval '1 hour', $3 from platform`,
      [newId('c'), generations, JSON.stringify({ cpu: n / 7, memory: 0.5, requests: n, awake: 1 }), n === 1 ? 'edge' : 'site']);
  }
  for (const n of [1, 2, 3]) {
    await pool.query(`insert into release (id, codebase, source, phase, rev) values ($1, $2, '/srv/x', 'failed', 0)`, [newId('r'), `code${n % 2}`]);
    await openIncident(pool, { subject: `container:${n}`, cause: 'behind', severity: n === 2 ? 'critical' : 'warning', title: `It is behind: ${n}`, evidence: {} });
    await askApproval(pool, { kind: 'replacement', subject: `container:${n}`, by: SYSTEM, request: { type: 'replaceContainer', input: {} } });
  }
  const orders: Record<string, string[]> = {
    '/containers': ['id', 'behind', 'started', 'cpu', 'memory', 'requests'], '/runs': ['requested'], '/incidents': ['opened'], '/approvals': ['requested', 'expires'],
    '/events': ['id'], '/releases': ['created', 'codebase', 'sites'], '/users': ['email', 'name', 'created', 'seen'], '/teams': ['name', 'members', 'created'],
  };
  await assertOrders(orders);
  assert.deepEqual(await walked('/users', 'name', 'name'), ['ada', 'Ben', 'Cleo']);
  assert.equal((await walked('/users', '-seen', 'name'))[0], 'Ben');
  assert.deepEqual(await walked('/teams', '-members', 'name').then(([first]) => first), 'web');
});

test('what people were given, their tokens, sessions, teams and invitations are whole in each order too', async () => {
  const { pool } = api.database;
  const dora = await person(api, 'Dora', [{ role: 'owner' }, { role: 'viewer', site: ids.alpha! }, { role: 'editor', site: ids.shop!, endsAt: new Date('2040-01-01') }]);
  const [eve, Finn] = [await person(api, 'eve', [{ role: 'editor', endsAt: new Date('2030-01-01') }]), await person(api, 'Finn')];
  await api.send('POST', '/teams', { body: { name: 'Night' } });
  for (const { id } of [Finn, dora, eve]) await api.send('POST', '/teams/Night/members', { body: { user: id } });
  for (const [n, name] of ['nightly', 'Backup', 'ci', 'deploy'].entries()) {
    const body = { name, role: 'viewer', ...(n % 2 ? { expiresAt: `20${30 + n}-01-01T00:00:00Z` } : {}) };
    assert.equal((await dora.send('POST', '/me/tokens', { body })).status, 201);
    if (n > 1) await pool.query('update token set last_used_at = now() where name = $1', [name]);
    await createSession(pool, { user: dora.id, name: 'Dora', address: undefined, agent: undefined, secure: false });
    assert.equal((await api.send('POST', '/invitations', { body: { email: `guest${n}@example.org`, name: `Guest ${9 - n}` } })).status, 201);
  }
  const tokens = ['created', 'name', 'expires', 'used'];
  await assertOrders({ '/grants': ['created', 'ends', 'role', 'who'], '/tokens': tokens, '/sessions': ['seen', 'created', 'user'], '/invitations': ['ends', 'name', 'email'] });
  await assertOrders({ '/teams/Night/members': ['email', 'name', 'added'] }, 'user');
  await assertOrders({ '/me/tokens': tokens, '/me/sessions': ['seen', 'created'] }, 'id', dora);

  assert.deepEqual(await walked('/teams/Night/members', 'name', 'name'), ['Dora', 'eve', 'Finn'], 'in any case');
  assert.deepEqual(await walked('/me/tokens', 'name', 'name', dora), ['Backup', 'ci', 'deploy', 'nightly']);
  assert.deepEqual((await walked('/me/tokens', '-used', 'name', dora)).slice(0, 2).sort(), ['ci', 'deploy'], 'what was never used comes last');
  assert.deepEqual((await walked('/me/tokens', 'expires', 'name', dora)).slice(0, 2), ['Backup', 'deploy'], 'what has no end ends last');
  assert.equal((await walked(`/grants?user=${dora.id}`, 'ends', 'role'))[0], 'editor');
  assert.deepEqual((await dora.send('GET', '/me/tokens')).body.items.map(({ name }: { name: string }) => name), ['deploy', 'ci', 'Backup', 'nightly'], 'the newest first');
});

test('lists are filtered by what people ask for', async () => {
  const ask = async (path: string) => {
    const { status, body } = await api.send('GET', path);
    assert.equal(status, 200, JSON.stringify(body));
    return body.items;
  };
  assert.equal((await ask('/containers?state=behind')).length, 3);
  assert.equal((await ask('/containers?state=lost')).length, 1, 'the one that never renewed its lease');
  const [one] = await ask('/containers');
  assert.deepEqual((await ask(`/containers?search=${one.id.slice(3)}`)).map(({ id }: { id: string }) => id), [one.id]);
  assert.deepEqual((await ask('/incidents?severity=critical')).map(({ title }: { title: string }) => title), ['It is behind: 2']);
  assert.equal((await ask('/approvals?type=replaceContainer')).length, 3);
  assert.equal((await ask('/approvals?type=purgeSite')).length, 0);
  const asked = await askApproval(api.database.pool, { kind: 'replacement', subject: 'container:7', by: SYSTEM, request: { type: 'replaceContainer', input: { incident: 7 } } });
  assert.deepEqual((await ask('/approvals?incident=7')).map(({ id }: { id: string }) => id), [asked]);
  assert.equal((await ask('/releases?search=CODE1')).length, 2);
  assert.equal((await ask('/teams?search=RCH')).length, 1);
  assert.deepEqual((await ask('/hostnames?search=Tools')).map(({ hostname }: { hostname: string }) => hostname), ['www.tools-and-toys.org']);
  const events = (await ask('/events?site=shop&type=site.')) as { type: string; metadata: { site: string } }[];
  assert.ok(events.length > 0 && events.every(({ type, metadata }) => type.startsWith('site.') && metadata.site === ids.shop));
});

test('the audit is asked who did it by an id, an e-mail or a name, also of somebody who is gone or has a token', async () => {
  const zoe = await person(api, 'Zoe', [{ role: 'owner' }]);
  const { body: { token } } = await zoe.send('POST', '/me/tokens', { body: { name: 'from CI', role: 'owner' } });
  await api.send('PATCH', '/sites/museum', { token, headers: { 'if-match': '*' }, body: { settings: { threads: 3 } } });
  await api.send('PATCH', `/users/${zoe.id}`, { body: { email: 'zoe@elsewhere.org' } });
  const actions = async (actor: string) => (await api.send('GET', `/audit?actor=${encodeURIComponent(actor)}`)).body.items.map(({ action }: { action: string }) => action);
  const wanted = await actions(zoe.id);
  assert.deepEqual(wanted.filter((each: string) => /^(site|token)\./.test(each)), ['site.updated', 'token.created']);
  for (const named of ['ZOE', 'Zoe@elsewhere.org', 'zoe@example.org']) assert.deepEqual(await actions(named), wanted, named);
  await api.send('DELETE', `/users/${zoe.id}`);
  assert.deepEqual(await actions('zoe@example.org'), wanted, 'gone');
  assert.deepEqual(await actions('nobody@example.org'), []);
});

test('the audit, decisions, deliveries, channels and hostnames are whole in each order too', async () => {
  const { pool } = api.database;
  for (const [n, name] of ['Night desk', 'day desk', 'Board'].entries()) {
    const body = { kind: 'webhook', name, routing: { severities: ['critical'], subjects: [] }, config: { url: `https://hooks.example.org/${n}`, secret: 'a secret of some length' } };
    const { status, body: channel } = await api.send('POST', '/alerts/channels', { body });
    assert.equal(status, 201, JSON.stringify(channel));
    assert.equal((await api.send('POST', `/alerts/channels/${channel.id}/test`)).status, 201);
    await recordDecision(pool, { action: 'none', decision: 'refused', reason: `for the reason ${n}` }, { incident: null, container: null, incarnation: null });
    const { body: { run } } = await api.send('POST', '/sites/alpha/hostnames', { body: { hostname: `${['m', 'z', 'c'][n]}.example.org` } });
    await complete(api, run.id);
  }
  await assertOrders({ '/audit': ['at'], '/remediations': ['at'], '/alerts/deliveries': ['at'], '/alerts/channels': ['name', 'created'] });
  await assertOrders({ '/hostnames': ['hostname', 'created'], '/sites/alpha/hostnames': ['hostname', 'created'] }, 'hostname');
  const since = (await api.send('GET', '/audit?action=channel.&sort=at&limit=1')).body.items[0].at as string;
  const before = await walked(`/audit?from=${since}`, 'at', 'id');
  assert.deepEqual((await walked(`/audit?from=${since}`, '-at', 'id')).reverse(), before, 'by time');
  assert.deepEqual((await walked(`/audit?actor=test&from=${since}`, '-at', 'id')).reverse(), await walked(`/audit?actor=test&from=${since}`, 'at', 'id'), 'of somebody, by time');
  assert.deepEqual(await walked('/alerts/channels', 'name', 'name'), ['Board', 'day desk', 'Night desk']);
  assert.deepEqual(await walked('/remediations', 'at', 'reason'), [0, 1, 2].map((n) => `for the reason ${n}`));
  assert.deepEqual((await walked('/sites/alpha/hostnames', '-created', 'hostname')).slice(0, 3), ['c.example.org', 'z.example.org', 'm.example.org']);
});

test('what was probed, database servers and a container’s drift are whole in each order too', async () => {
  const { pool } = api.database;
  const container = newId('c');
  await pool.query(`insert into container (id, slot, role, incarnation, state, wanted, agent_url) values ($1, $1, 'site', 1, 'ready', 'running', 'http://127.0.0.1:9')`, [container]);
  await pool.query(
    `insert into sweep_latest (container, incarnation, slot, stored_at, interval_seconds, hostnames, names, up, slow, down, unknown)
       values ($1, 1, now(), now(), 3600, 4, '', 0, 0, 0, 0)`, [container]);
  for (const [hostname, verdict, latency] of [['b.example.org', 'down', null], ['c.example.org', 'up', 0.00001], ['a.example.org', 'slow', 2_000], ['d.example.org', 'up', 12.6]]) {
    await pool.query(
      `insert into latest_probe (container, hostname, site, incarnation, verdict, kind, latency_ms, at, since) values ($1, $2, $3, 1, $4, 'deep', $5, now(), now())`,
      [container, hostname, ids.alpha, verdict, latency]);
  }
  for (const id of ['north', 'south', 'far']) await pool.query(`insert into database_server (id, host, port) values ($1, 'localhost', 5432)`, [id]);
  for (const n of [1, 2, 3]) await pool.query(`insert into drift (container, incarnation, path, kind, found_by) values ($1, 1, $2, 'changed', 'check')`, [container, `/etc/${n}`]);

  await assertOrders({ '/health': ['hostname', 'verdict', 'latency'] }, 'hostname');
  await assertOrders({ '/database-servers': ['id', 'sites'], [`/containers/${container}/drift`]: ['at'] });
  const hostnames = (sort: string) => walked('/health', sort, 'hostname').then((all) => all.map(([first]) => first).join(''));
  assert.deepEqual([await hostnames('hostname'), await hostnames('-latency')], ['abcd', 'adcb'], 'the slowest first; of what did not answer nothing was measured');
  assert.deepEqual([await hostnames('verdict'), await hostnames('-verdict')], ['cdab', 'badc'], 'what is down first');
  assert.equal((await walked('/database-servers', '-sites', 'id'))[0], 'local');
  assert.deepEqual(await walked(`/containers/${container}/drift`, 'at', 'path'), ['/etc/1', '/etc/2', '/etc/3']);
});
