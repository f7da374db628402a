/** The commands that operators use when something is wrong, on a whole platform where something is. */
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Container } from '../../../src/domain/resources/container.ts';
import type { Health } from '../../../src/domain/resources/health.ts';
import type { Incident } from '../../../src/domain/resources/remediation.ts';
import { type HttpReceiver, httpReceiver } from '../../alerts/receiver.ts';
import { type Ended, reeve } from '../../cli/program.ts';
import { createSite, until } from '../platform.ts';
import { chosenAtEdge, list } from '../situation.ts';
import { platform, purgeSites } from './platform.ts';

let usual: object;
let receiver: HttpReceiver;
let site: string;
let container: string;

const run = (...args: string[]): Promise<Ended> => reeve(args, { REEVE_API: platform.access.api, REEVE_TOKEN: platform.access.token });
async function ok(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args);
  assert.equal(code, 0, `reeve ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}
const json = async <T>(...args: string[]): Promise<T> => JSON.parse((await run(...args, '--json')).stdout) as T;

describe('the commands that operators use', () => {
  before(async () => {
    ({ health: usual } = await platform.api.request('GET', '/settings'));
    receiver = await httpReceiver();
    await ok('settings', 'set', 'health={"intervalSeconds":5,"suspectSeconds":5}');
    site = await createSite(platform, 'one');
    container = (await json<{ items: Container[] }>('container', 'list')).items.find(({ role }) => role === 'site')!.id;
  }, { timeout: 2 * 60_000 });
  after(async () => {
    // What comes after this is slow on purpose, and nobody is to be told.
    await ok('alert', 'channel', 'remove', 'on-call', '--yes');
    await platform.api.request('PATCH', '/settings', { body: { health: usual }, ifMatch: '*' });
    await receiver?.close();
    await purgeSites();
  });

  test('while all is well each of them says so', async () => {
    await until('every hostname to have answered well in both containers', async () => {
      const [cells, hostnames] = await Promise.all([list<Health>(platform, '/health'), list(platform, '/hostnames')]);
      return cells.length === 2 * hostnames.length && cells.every(({ verdict }) => verdict === 'up');
    }, 120_000);
    assert.match(await ok('status'), /● all is well/);
    const shown = await ok('health');
    assert.match(shown, new RegExp(`^HOSTNAME .*${container}`));
    assert.match(shown, /^one\.localhost +up .+ ms +up .+ ms$/m);
    const well = await ok('why', 'one.localhost');
    assert.match(well, /● ok[\s\S]*next: /);
    const chosen = await chosenAtEdge(platform, 'one.localhost');
    assert.match(well, new RegExp(`^● ok +edge +c\\w+ +${chosen.id} answers 200 in \\d+ ms$`, 'm'));
    assert.match((await run('incident', 'list')).stderr, /no incident is open/);
    const decided = await run('remediation', 'list');
    assert.match(decided.stderr, /nothing was decided yet/, decided.stdout + JSON.stringify(await json('incident', 'list', '--all')));
    const nobody = await run('why', 'nobody.localhost');
    assert.equal(nobody.code, 9);
    assert.match(nobody.stdout, /● bad/);
  });

  test('drift: found and shown with its diff, mended by regenerate, and in the history', async () => {
    await until('it to be as it should be', async () => (await run('container', 'check', container)).code === 0, 60_000);
    const file = join(platform.home, 'containers', container, 'nginx/current/hostnames.conf');
    appendFileSync(file, 'by.hand.test "nobody primary allow -";\n');
    const checked = await run('container', 'check', container);
    assert.equal(checked.code, 9, checked.stdout + checked.stderr);
    assert.match(checked.stdout, /1 not as they should be[\s\S]*changed \S+hostnames\.conf[\s\S]*^\+by\.hand\.test/m);
    await ok('container', 'regenerate', container, '--reason', 'edited by hand');
    await until('nothing to differ', async () => (await run('container', 'check', container)).code === 0, 60_000);
    const drift = await ok('container', 'drift', container);
    assert.match(drift, /as it should be/);
    assert.match(drift, /changed +\d.* ago +check +\S+hostnames\.conf$/m);
  });

  test('a site that fails: told, shown, explained, acknowledged, and over once it is well', { timeout: 5 * 60_000 }, async () => {
    await ok('settings', 'set', 'alertNetworks=["127.0.0.1/32"]');
    await ok('alert', 'channel', 'add', 'webhook', 'on-call', '--url', receiver.url);
    await ok('alert', 'channel', 'test', 'on-call');
    assert.match(await ok('alert', 'deliveries', '--state', 'delivered'), /on-call +test +/);
    assert.equal(receiver.posted.length, 1);
    // Soon down, only now: a busy machine is slow to start a site, and so far nothing was to be found.
    await ok('settings', 'set', 'health={"intervalSeconds":5,"suspectSeconds":1,"downAfterSeconds":3}');
    await ok('site', 'set', 'one', 'healthPath=/nowhere/');

    const open = await until('an incident', async () =>
      (await json<{ items: Incident[] }>('incident', 'list')).items.find(({ subject }) => subject === `site:${site}`), 120_000);
    assert.match(await ok('incident', 'list'), new RegExp(`^ *${open.id} +\\w+ +open `, 'm'));
    await until('a decision', async () => /\bnone\b/.test((await run('remediation', 'list', '--incident', String(open.id))).stdout), 60_000);
    const shown = await ok('incident', 'show', String(open.id));
    assert.match(shown, new RegExp(`^subject +site:${site}$`, 'm'));
    assert.match(shown, /^AT +INCIDENT +CONTAINER +ACTION/m);
    const why = await run('why', 'one.localhost');
    assert.equal(why.code, 9);
    assert.match(why.stdout, /● bad[\s\S]*\/nowhere\/ answered 404/);
    const down = await run('health', '--verdict', 'down');
    assert.match(down.stdout, /^one\.localhost +c\w+ +down +.+ \/nowhere\/ answered 404$/m);
    assert.equal((await run('status')).code, 9);
    await ok('incident', 'ack', String(open.id), '--note', 'the path was mistyped');
    assert.match(await ok('incident', 'show', String(open.id)), /^acknowledged +\S/m);

    await ok('site', 'set', 'one', 'healthPath=null');
    await until('the incident to be over', async () =>
      (await json<Incident>('incident', 'show', String(open.id))).state === 'closed', 120_000);
  });
});
