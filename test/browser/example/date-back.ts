/** Some weeks of a platform's life in a second: what happened is dated back, oldest first; then the audit is sealed. */
import { transaction } from '../../../src/database/pool.ts';
import { sealAudit } from '../../../src/database/runs/audit-chain.ts';
import type { TestApi } from '../../api/harness.ts';

/** The newest is some minutes old, the oldest weeks: `n` is how many came after it. */
const AGE = (n: string) => `make_interval(secs => 45 * (${n}) + 40 * power(${n}, 2.1))`;

export async function dateBack({ database: { pool } }: TestApi): Promise<void> {
  await transaction(pool, 'begin', async (client) => {
    // The audit only grows: its trigger lets nobody else date it back.
    await client.query('set local session_replication_role = replica');
    for (const table of ['audit', 'event'] as const) {
      await client.query(`update ${table} t set at = t.at - ${AGE('o.n')} from (select id, count(*) over () - row_number() over (order by id) as n from ${table}) o where o.id = t.id`);
    }
    await client.query(
      `with o as (select id, count(*) over () - row_number() over (order by requested_at) as n from run)
       update run r set requested_at = requested_at - ${AGE('o.n')}, claimed_at = claimed_at - ${AGE('o.n')}, started_at = started_at - ${AGE('o.n')},
         ended_at = ended_at - ${AGE('o.n')} + interval '3.4 seconds' from o where o.id = r.id and r.state not in ('requested', 'running')`);
    await client.query(
      `update run_step s set started_at = r.claimed_at + make_interval(secs => 0.35 * o.n), ended_at = r.claimed_at + make_interval(secs => 0.35 * (o.n + 1))
       from run r, (select run, name, row_number() over (partition by run order by started_at) as n from run_step) o
       where r.id = s.run and o.run = s.run and o.name = s.name and r.state = 'completed'`);
    await client.query(`update site set created_at = created_at - make_interval(days => 20) - number * interval '31 hours'`);
    await client.query(`update container set started_at = started_at - interval '6 days' - interval '7 hours'`);
    await client.query(`update incident set opened_at = opened_at - interval '6 minutes', closed_at = closed_at - interval '4 minutes'`);
  });
  while ((await sealAudit(pool)) > 0);
}
