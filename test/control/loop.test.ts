/** The loops of the control worker: one pass at a time, and no wake is lost. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startLoop } from '../../src/control/loop.ts';
import { createLog } from '../../src/log.ts';
import { until } from '../local/wait.ts';

const HOUR_MS = 3_600_000;

/** A loop whose passes end when they are told to. */
function held(t: TestContext) {
  const running: { end(): void; fail(): void }[] = [];
  let begun = 0;
  const loop = startLoop({
    name: 'test', everyMs: HOUR_MS, log: createLog({}, () => {}),
    pass: () => new Promise<void>((resolve, reject) => {
      begun++;
      running.push({ end: resolve, fail: () => reject(new Error('it fails')) });
    }),
  });
  t.after(async () => {
    const stopped = loop.stop();
    for (const one of running) one.end();
    await stopped;
  });
  return { loop, begun: () => begun, latest: () => running.at(-1)! };
}

test('it begins at once, and is woken as often as it likes: one pass more', async (t) => {
  const { loop, begun, latest } = held(t);
  for (let n = 0; n < 5; n++) loop.wake();
  assert.equal(begun(), 1);
  latest().end();
  await until('another pass has begun', () => begun() === 2);
  latest().end();
  await new Promise(setImmediate);
  assert.equal(begun(), 2);
});

test('woken while a pass fails it looks again soon, and not an hour later', async (t) => {
  const { loop, begun, latest } = held(t);
  loop.wake();
  latest().fail();
  await until('another pass has begun', () => begun() === 2);
});

test('stopped it begins no more, and waits for the pass that is going on', async (t) => {
  const { loop, begun, latest } = held(t);
  let isStopped = false;
  const stopped = loop.stop().then(() => { isStopped = true; });
  loop.wake();
  await new Promise(setImmediate);
  assert.equal(isStopped, false);
  latest().end();
  await stopped;
  loop.wake();
  assert.equal(begun(), 1);
});
