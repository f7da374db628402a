/** How a run is followed, and how it ended: what people see, and what scripts get. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { createClient } from '../../src/api/client.ts';
import { reportFailure } from '../../src/cli/failure.ts';
import type { Run } from '../../src/cli/resources.ts';
import { requireCompleted } from '../../src/cli/run/watch.ts';
import { ERRORS, type ErrorType } from '../../src/domain/errors.ts';
import { run, startContract, step } from './contract-server.ts';
import { reeve, start } from './program.ts';

const opened: { close(): Promise<void> }[] = [];
after(() => Promise.all(opened.map((server) => server.close())));

async function contract(...given: Parameters<typeof startContract>) {
  const server = await startContract(...given);
  opened.push(server);
  return server;
}

const COMPLETED = [
  run('requested'),
  run('running', { steps: [step('claim', 'completed'), step('createRole', 'running')], progress: 0.1 }),
  run('completed', { steps: [step('claim', 'completed'), step('createRole', 'completed')], progress: 1 }),
];

describe('reeve run watch', () => {
  test('says each step in a line where no terminal is, and ends with 0', async () => {
    const server = await contract({}, { w000000001: COMPLETED });
    const { code, stdout, stderr } = await reeve(['run', 'watch', 'w000000001'], server.env);
    assert.deepEqual([code, stdout], [0, '']);
    assert.equal(stderr, [
      'createSite s000000001: run w000000001', '  claim  completed  0 ms', '  createRole  completed  0 ms', 'createSite s000000001: completed', '',
    ].join('\n'));
  });

  test('--quiet says nothing, --json prints the run as it ended', async () => {
    const server = await contract({}, { w000000001: COMPLETED });
    assert.deepEqual(await reeve(['run', 'watch', 'w000000001', '-q'], server.env), { code: 0, stdout: '', stderr: '' });
    const { stdout } = await reeve(['run', 'watch', 'w000000001', '--json'], server.env);
    assert.deepEqual(JSON.parse(stdout), COMPLETED.at(-1));
  });

  test('a run that did not complete ends it with its own code, and says where and why', async () => {
    const ended = (state: Run['state'], type: ErrorType | null) =>
      run(state, { steps: [step('converge', 'failed')], error: type && { type, message: 'c1 did not follow' } });
    const server = await contract({}, { w000000001: [ended('compensated', 'codebase-refused')] });
    const { code, stderr } = await reeve(['run', 'watch', 'w000000001'], server.env);
    assert.equal(code, ERRORS['codebase-refused'].exit);
    assert.match(stderr, /createSite s000000001 failed and was undone at converge: c1 did not follow/);
    for (const [state, given, type, message] of [
      ['failed', 'not-converged', 'not-converged', /^createSite alpha failed at converge: c1 did not follow$/],
      ['superseded', 'superseded', 'superseded', /was superseded/],
      ['cancelled', null, 'step-failed', /was cancelled/],
    ] as const) {
      assert.throws(() => requireCompleted(ended(state, given), 'alpha'), { type, message });
    }
  });

  test('--timeout stops the watching, not the run', async () => {
    const server = await contract({}, { w000000001: [run('running')] });
    const { code, stderr } = await reeve(['run', 'watch', 'w000000001', '--timeout', '1ms'], server.env);
    assert.equal(code, 9);
    assert.match(stderr, /it goes on: reeve run watch w000000001/);
    assert.deepEqual(server.asked.map(({ method }) => method).filter((method) => method !== 'GET'), []);
  });

  test('a duration that is none is refused before anything is asked', async () => {
    const server = await contract({}, { w000000001: COMPLETED });
    const { code, stderr } = await reeve(['run', 'watch', 'w000000001', '--timeout', 'soon'], server.env);
    assert.deepEqual([code, server.asked.length], [2, 0]);
    assert.match(stderr, /--timeout takes a duration like 90s or 5m/);
  });

  test('Ctrl-C leaves the run going, and says how to watch it', async () => {
    const server = await contract({}, { w000000001: [run('running', { steps: [step('claim', 'completed')] })] });
    const watching = start(['run', 'watch', 'w000000001'], server.env);
    await watching.stderrMatches(/claim {2}completed/);
    watching.kill('SIGINT');
    const { code, stderr } = await watching.ended;
    assert.equal(code, 130);
    assert.match(stderr, /the run goes on; watch it with: reeve run watch w000000001/);
    assert.ok(server.asked.every(({ method }) => method === 'GET'));
  });

  test('an unknown run is said', async () => {
    const server = await contract({}, {});
    const { code, stderr } = await reeve(['run', 'watch', 'w000000009'], server.env);
    assert.equal(code, 4);
    assert.match(stderr, /^reeve: nothing at GET \/runs\/w000000009\n$/);
  });
});

describe('what the API refuses', () => {
  test('is said in its detail’s one line, with the exit code of its kind', async (t) => {
    const refusing = (type: string, status: number) => contract({ 'GET /sites': { status, body: { type: `/problems/${type}`, title: '', status, detail: 'because of this' } } }, {});
    const first = await refusing('approval-needed', 403);
    assert.deepEqual(await reeve(['site', 'list'], first.env), { code: ERRORS['approval-needed'].exit, stdout: '', stderr: 'reeve: because of this\n' });
    const written = t.mock.method(process.stderr, 'write', () => true);
    for (const [type, { status, exit }] of Object.entries(ERRORS)) {
      const { env } = await refusing(type, status);
      const error = await createClient({ api: env.REEVE_API!, token: 't' }).request('GET', '/sites').catch((reason) => reason);
      assert.equal(reportFailure(error, { json: false, paintNote: (_, text) => text }), exit, type);
      assert.equal(written.mock.calls.at(-1)?.arguments[0], 'reeve: because of this\n', type);
    }
  });

  test('with --json it is the API’s own problem', async () => {
    const body = { type: '/problems/busy', title: ERRORS.busy.title, status: 409, detail: 'because of this', run: 'w000000002', requestId: 'abc' };
    const server = await contract({ 'GET /sites': { status: 409, body } }, {});
    const { code, stderr } = await reeve(['site', 'list', '--json'], server.env);
    assert.deepEqual([code, JSON.parse(stderr)], [5, body]);
  });

  test('a busy subject names the run that holds it; fields name what is wrong with them', async () => {
    const server = await contract({
      'GET /sites': { status: 409, body: { type: '/problems/busy', title: '', status: 409, detail: 'alpha is held by w000000002', run: 'w000000002' } },
      'GET /settings': { body: {} },
      'PATCH /settings': { status: 422, body: { type: '/problems/invalid', title: '', status: 422, detail: 'some values are not valid', errors: [{ path: 'publicPort', message: 'too small' }] } },
    }, {});
    assert.match((await reeve(['site', 'list'], server.env)).stderr, /see what holds it: reeve run watch w000000002/);
    const invalid = await reeve(['settings', 'set', 'publicPort=0'], server.env);
    assert.deepEqual([invalid.code, invalid.stderr], [2, 'reeve: some values are not valid\n  publicPort: too small\n']);
  });

  test('what is no platform at all is said so', async () => {
    const server = await contract({ 'GET /sites': { status: 502, body: '<html>' } }, {});
    const { code, stderr } = await reeve(['site', 'list'], server.env);
    assert.equal(code, 7);
    assert.match(stderr, /answered 502, and not as Reeve's API does/);
  });
});
