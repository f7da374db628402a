/** A container's life as its supervisor, an operator and the platform steer it; and its logs. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { identify } from '../../src/agent/supervise/processes.ts';
import { until } from '../local/wait.ts';
import { createContainer, type TestContainer } from './container.ts';
import { hammer } from './load.ts';
import { createPlatform, type TestPlatform } from './platform.ts';

let platform: TestPlatform;
let container: TestContainer;
let site: string;
let slow: string;
before(async () => {
  platform = await createPlatform();
  container = await createContainer(platform, { agentSilenceMs: 5_000, logBytes: 20_000 });
  site = await platform.addSite();
  slow = await platform.addSite({ env: { SLOW: '1' } });
  container.start();
  await container.untilReady();
});
after(async () => {
  await container?.remove();
  await platform?.close();
});

const want = (wanted: string) => platform.pool.query('update container set wanted = $2 where id = $1', [container.id, wanted]);
const answered = (host: string) => container.get(host).then(({ status }) => status, () => null);
/** Whether a request reached the slow site's process: nginx has connected to it, and it says nothing yet. */
const isServing = () => readFileSync('/proc/net/unix', 'utf8').split('\n').some((line) => / 03 .*\.sock$/.test(line) && line.includes(slow));

test('an agent that hangs is started again, and meanwhile the sites are served', async () => {
  const agent = container.pid('agent');
  const nginx = container.pid('nginx');
  const load = hammer(container, `${site}.test`, 1);
  process.kill(agent, 'SIGSTOP');
  await until('another agent runs', () => container.pid('agent') !== agent && container.pid('agent') !== 0);
  const { generation } = await platform.bind('unhung.example.test', site);
  await container.untilServed(generation);
  assert.deepEqual((await load.stop()).failed, []);
  assert.equal(identify(agent), null, 'the one that hung is gone');
  assert.equal(container.pid('nginx'), nginx);
  assert.match(container.log(), /the agent hangs/);
});

test('nginx’s log is rotated when it has grown, without losing a line', async () => {
  const log = `${container.root}/log/nginx-access.log`;
  const load = hammer(container, `${site}.test`, 2);
  await until('there is a second rotated file', async () => {
    await platform.pool.query("select pg_notify('reeve', '{}')");
    return existsSync(`${log}.2`);
  });
  const { failed } = await load.stop();
  assert.deepEqual(failed, []);
  const holds = (file: string, path: string) => existsSync(file) && readFileSync(file, 'utf8').includes(path);
  await container.get(`${site}.test`, '/the-last-one');
  // It may be rotated once more after that, when the load has filled it again.
  await until('the last line is kept', () => holds(log, '/the-last-one') || holds(`${log}.1`, '/the-last-one'));
  await until('the newest line is in the newest file', async () => {
    await container.get(`${site}.test`, '/a-newer-one');
    return holds(log, '/a-newer-one');
  });
  for (const file of [log, `${log}.1`, `${log}.2`].filter((path) => existsSync(path) && statSync(path).size > 0)) {
    for (const line of readFileSync(file, 'utf8').trimEnd().split('\n')) assert.ok(JSON.parse(line));
  }
  assert.ok(!existsSync(`${log}.3`));
});

test('SIGINT ends everything at once; SIGTERM lets what was begun end well', async () => {
  const cut = answered(`${slow}.test`);
  await until('the request is with the site', isServing);
  const pids = (['nginx', 'emperor', 'agent'] as const).map((name) => container.pid(name));
  await container.interrupt();
  assert.notEqual(await cut, 200);
  assert.deepEqual(pids.map(identify), [null, null, null]);
  container.start();
  await container.untilReady();
  const kept = answered(`${slow}.test`);
  await until('the request is with the site', isServing);
  await container.stop();
  assert.equal(await kept, 200);
});

test('a container that is to drain says so and goes on serving; one that is to end drains and ends by itself', async () => {
  container.start();
  await container.untilReady();
  await want('drained');
  await until('it drains', async () => (await container.row()).state === 'draining');
  assert.equal(await answered(`${site}.test`), 200);
  const pids = (['nginx', 'emperor', 'agent'] as const).map((name) => container.pid(name));
  await want('ended');
  await container.untilEnded();
  assert.equal((await container.row()).state, 'ended');
  assert.deepEqual(pids.map(identify), [null, null, null]);
});
