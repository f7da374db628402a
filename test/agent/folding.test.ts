/** The log of changes is folded when there is room for it: where there is none, that is told, and left alone for a while. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTree } from '../../src/agent/files/tree.ts';
import { createPass, type Parts } from '../../src/agent/reconcile/pass.ts';
import { createFolding } from '../../src/agent/state/folding.ts';
import { createLog } from '../../src/log.ts';
import { desired } from '../render/fixture.ts';

const state = desired({});

test('what cannot be folded is tried again after some minutes, told until it can be, and said once', (t) => {
  let now = 5;
  t.mock.method(performance, 'now', () => now);
  const lines: string[] = [];
  let tries = 0;
  let isFull = true;
  const folding = createFolding({
    kept: { wantsFolding: () => true, fold() { tries += 1; if (isFull) throw new Error('ENOSPC: no space left on device, write'); } },
    log: createLog({}, (line) => lines.push(line)),
  });
  const look = (ms: number) => { now += ms; folding.settled(state); return [tries, folding.trouble()?.on ?? null]; };
  assert.equal(folding.trouble(), null);
  assert.deepEqual(look(0), [1, 'disk']);
  assert.match(folding.trouble()!.message, /^all is served, but .*: ENOSPC/);
  assert.deepEqual(look(60_000), [1, 'disk']);
  assert.deepEqual(look(240_000), [2, 'disk']);
  assert.equal(lines.length, 1);
  isFull = false;
  assert.deepEqual(look(300_000), [3, null]);
  assert.equal(lines.length, 2);
});

test('a container that cannot fold its log serves all, and is ready', async () => {
  const states: boolean[] = [];
  const { pass } = createPass({
    log: createLog({}, () => {}), files: null, gone: null, vassals: null, tree: createTree(),
    folding: { trouble: () => ({ on: 'disk', message: 'full' }) },
    state: (converged: boolean) => { states.push(converged); return 'ready'; },
    reader: { current: () => state, refresh: async () => null, hasRead: () => true, hasTried: () => true },
    book: { held: new Map(), lastGood: new Map(), save: () => {} }, applied: { was: () => false, note: () => {} },
    preparer: { prepare: async () => ({ digests: { desired: 'd', files: 'f' } }) },
    routing: { mend: () => [], foundAtStart: () => [], foundAtSwitch: () => [], isGathering: () => false, apply: () => {}, prove: async () => null },
  } as unknown as Parts);
  const { record, againInMs } = await pass();
  assert.deepEqual(record.waitingOn, [{ on: 'disk', message: 'full' }]);
  assert.deepEqual([states, record.generation, againInMs], [[true], state.generation, null]);
});
