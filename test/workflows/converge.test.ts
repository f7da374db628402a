import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { convergeActivities } from '../../activities/platform/converge.ts';
import { listenObserved, type Observed } from '../../src/control/observed.ts';
import { newId } from '../../src/database/new-id.ts';
import { type TestDatabase, testDatabase } from '../postgres.ts';
import { asStepOf } from '../sites/activity.ts';

let database: TestDatabase;
let observed: Observed;
before(async () => {
  database = await testDatabase();
  observed = listenObserved(database.url, () => {});
});
after(async () => {
  await observed?.close();
  await database?.drop();
});

test('a wait for containers that is cancelled while their rows are read ends nothing but itself', async () => {
  const { converge } = convergeActivities({ pool: database.pool, observed });
  const cancelling = new AbortController();
  // A rejection that nobody hears fails this test, as it would end a control worker.
  const waiting = asStepOf(newId('w'), () => converge({ site: newId('s') }), cancelling.signal);
  cancelling.abort();
  assert.deepEqual(await waiting, { converged: 0, notConverged: [], refused: [] });
});
