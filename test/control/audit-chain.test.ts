import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { commitChange } from '../../src/database/change.ts';
import type { Pool } from '../../src/database/pool.ts';
import { sealAudit, verifyAudit } from '../../src/database/runs/audit-chain.ts';
import { ACTOR, requestSite, type TestPlatform, testPlatform } from '../workflows/platform.ts';

let platform: TestPlatform;
before(async () => { platform = await testPlatform(); });
after(async () => { await platform?.close(); });

test('changes are sealed while others go on, and a row that was tampered with is named', async () => {
  const { pool } = platform;
  let sealed = 0;
  const changes = Array.from({ length: 40 }, () => requestSite(pool));
  for (let i = 0; i < 10; i += 1) sealed += await sealAudit(pool);
  await Promise.all(changes);
  // Two at once: one seals, the other finds it at work or done.
  for (const count of await Promise.all([sealAudit(pool), sealAudit(pool)])) sealed += count;
  sealed += await sealAudit(pool);
  const before = await verifyAudit(pool);
  assert.match(before.head ?? '', /^\d+:[0-9a-f]{64}$/);
  assert.deepEqual({ ...before, head: null }, { intact: true, sealed, unsealed: 0, brokenAt: null, head: null, kept: null });
  assert.equal(sealed, Number((await pool.query('select count(*) from audit')).rows[0].count));

  await commitChange(pool, { actor: ACTOR, type: 'platform.settings', metadata: {}, writes: [{ table: 'platform', op: 'update', values: { paused: true } }] });
  assert.equal((await verifyAudit(pool)).unsealed, 1);

  // What is written and sealed while it is computed is another verification's, and no sign of tampering; a second one waits.
  await sealAudit(pool);
  const { n } = (await pool.query<{ n: number }>('select count(*)::int as n from audit')).rows[0]!;
  const write = (count: number) => pool.query(`insert into audit (actor, action, subject) select $2, 'test.written', 'platform' from generate_series(1, $1)`, [count, ACTOR]);
  await write(5_000 - n + 10);
  const meanwhile = between(pool, async () => {
    await assert.rejects(verifyAudit(pool), { type: 'busy' });
    for (let left = 10; (await sealAudit(pool)) > 0; left -= 1) assert.ok(left > 0);
  });
  const verdict = await verifyAudit(meanwhile);
  assert.deepEqual([verdict.intact, verdict.sealed, verdict.unsealed], [true, n, 5_010 - n]);

  // A head that was kept is looked for where it was, whatever has come since; one that is there no more was cut off.
  const kept = verdict.head!;
  const held = { id: Number(kept.split(':')[0]), hash: kept.split(':')[1]! };
  const later = await verifyAudit(pool, held);
  assert.deepEqual([later.intact, later.kept, later.sealed], [true, true, 5_010]);
  assert.notEqual(later.head, kept);
  assert.equal((await verifyAudit(pool, { hash: held.hash })).kept, true, 'as it was shown before, without its id');
  for (const other of [{ ...held, id: held.id + 1 }, { ...held, id: 1_000_000 }, { hash: '00'.repeat(32) }]) {
    const { intact, kept } = await verifyAudit(pool, other);
    assert.deepEqual([intact, kept], [false, false]);
  }

  const { rows: [victim] } = await pool.query<{ id: number }>('select id from audit order by id offset 7 limit 1');
  await assert.rejects(pool.query(`update audit set reason = 'never said' where id = $1`, [victim!.id]), /the audit only grows: update is refused/);
  await assert.rejects(pool.query('delete from audit where id = $1', [victim!.id]), /delete is refused/);
  await assert.rejects(pool.query('truncate audit'), /truncate is refused/);
  assert.equal((await verifyAudit(pool)).intact, true);
  // Whoever owns the table can take even that away; the chain shows it.
  await pool.query('alter table audit disable trigger audit_kept');
  await pool.query(`update audit set reason = 'never said' where id = $1`, [victim!.id]);
  assert.deepEqual(await verifyAudit(pool), { intact: false, sealed: 7, unsealed: 0, brokenAt: victim!.id, head: null, kept: null });
  await pool.query('delete from audit where id = $1', [victim!.id]);
  assert.equal((await verifyAudit(pool)).intact, false);
});

/** The same pool, which does something after the first rows of the chain were read. */
function between(pool: Pool, doing: () => Promise<void>): Pool {
  let done = false;
  const watched = <T extends object>(one: T): T => new Proxy(one, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown;
      if (name === 'connect') return async () => watched(await (target as unknown as Pool).connect());
      if (name !== 'query') return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
      return async (...asked: [string]) => {
        const answer = await (target as unknown as Pool).query(...asked);
        if (!done && asked[0].includes('canonical_audit')) {
          done = true;
          await doing();
        }
        return answer;
      };
    },
  });
  return watched(pool);
}
