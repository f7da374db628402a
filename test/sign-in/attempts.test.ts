/** Attempts are counted in Postgres, before they are made. (Mails: the kind whose first wait no slow machine outlasts.) */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Counted, forgiveAttempt, takeAttempt } from '../../src/database/sign-in/attempts.ts';
import { isReeveError, type ReeveError } from '../../src/domain/errors.ts';
import { testDatabase, type TestDatabase } from '../postgres.ts';

let database: TestDatabase;
before(async () => { database = await testDatabase(); });
after(() => database?.drop());

const mail = (of: string): Counted[] => [{ kind: 'mail', of }];
const take = (of: string) => takeAttempt(database.pool, mail(of));
const isLimited = (error: unknown) => isReeveError(error, 'rate-limited');
const rows = async () => (await database.pool.query<{ key: string; failures: number }>('select key, failures, at from sign_in_attempt order by key')).rows;

test('of many at once no more are heard than are free', async () => {
  const outcomes = await Promise.allSettled(Array.from({ length: 15 }, () => take('ada')));
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 3);
  const refused = outcomes.find((each) => each.status === 'rejected')!.reason as ReeveError;
  assert.ok(isLimited(refused));
  assert.match(refused.message, /^too many attempts: wait \d+ s, then try again$/);
  assert.ok(Number(refused.fields.retryAfter) >= 1);
});

test('what is refused counts for nobody: waiting does not grow by trying', async () => {
  const before = await rows();
  await assert.rejects(take('ada'), isLimited);
  assert.deepEqual(await rows(), before);
});

test('one account’s failures are nobody else’s; success forgets them', async () => {
  for (let i = 0; i < 3; i++) await take('bob');
  await assert.rejects(take('bob'), isLimited);
  await take('eve');
  await forgiveAttempt(database.pool, mail('bob'));
  await take('bob');
});

test('an address gets back the one attempt that was good, not the others', async () => {
  const address: Counted = { kind: 'address', of: '192.0.2.1' };
  await takeAttempt(database.pool, [...mail('carol'), address]);
  await takeAttempt(database.pool, [...mail('dave'), address]);
  await forgiveAttempt(database.pool, [...mail('dave'), address]);
  assert.deepEqual((await rows()).filter(({ key }) => key.startsWith('address:')).map(({ failures }) => failures), [1]);
});

test('whoever is closed in one way is closed, and is counted in none', async () => {
  await assert.rejects(takeAttempt(database.pool, [...mail('ada'), ...mail('frank')]), isLimited);
  for (let i = 0; i < 3; i++) await take('frank');
});

test('what strangers type is not kept', async () => {
  for (const { key } of await rows()) assert.match(key, /^\w+:[\w-]{43}$/);
});
