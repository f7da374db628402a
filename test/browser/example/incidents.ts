/** What the judge makes of the example's rows, in `approve` mode: it has regenerated a container, and waits for a person to let it be replaced. */
import assert from 'node:assert/strict';
import { look, NOTHING } from '../../../src/control/judge/look.ts';
import { closeIncident, openIncident } from '../../../src/database/incidents.ts';
import { concludeRun } from '../../../src/database/remediations.ts';
import { claimRun, finishRun } from '../../../src/database/run.ts';
import { stepEnded, stepStarted } from '../../../src/database/runs/steps.ts';
import { judgeServer } from '../../../src/domain/database-state.ts';
import { STEPS } from '../../../src/domain/run.ts';
import { createLog } from '../../../src/log.ts';
import type { TestApi } from '../../api/harness.ts';
import type { Containers } from './containers.ts';
import type { People } from './people.ts';
import type { Sites } from './sites.ts';

const TRACEBACK = `Traceback (most recent call last):
  File "/srv/releases/example/site-packages/django/core/handlers/exception.py", line 55, in inner
    response = get_response(request)
  File "/srv/releases/example/shop/views.py", line 41, in basket
    total = sum(line.price * line.amount for line in lines)
TypeError: unsupported operand type(s) for *: 'NoneType' and 'int'`;

export async function makeIncidents({ database: { pool } }: TestApi, sites: Sites, { failing, well }: Containers, { operator }: People): Promise<{ incident: number; approval: string }> {
  await pool.query(`update platform set settings = settings || '{"remediation": {"mode": "approve"}}'`);
  const judge = () => look({
    pool, log: createLog({}, () => {}), askTraceback: async () => TRACEBACK,
    askDatabases: async (servers) => servers.map((id) => judgeServer(id, { used: 31, most: 100, reserved: 3, holders: [], atLimit: [] })),
  }, NOTHING);
  await judge();
  await judge();
  const { rows: [regenerating] } = await pool.query<{ id: string }>(`select id from run where type = 'remediateContainer'`);
  assert.ok(regenerating, 'the judge regenerates it first');
  await claimRun(pool, regenerating.id, 'temporal');
  for (const name of STEPS.remediateContainer) {
    await stepStarted(pool, { run: regenerating.id, name, attempt: 1 });
    await stepEnded(pool, { run: regenerating.id, name, attempt: 1, state: 'completed' }, STEPS.remediateContainer);
  }
  await concludeRun(pool, regenerating.id, 'persists');
  await finishRun(pool, regenerating.id, 'completed', {});
  await judge();
  const { rows: [approval] } = await pool.query<{ id: string }>(`select id from approval where state = 'pending'`);
  const { rows: [incident] } = await pool.query<{ id: number }>(`select id from incident where container = $1 and state = 'open'`, [failing]);
  assert.ok(approval && incident, 'then it asks for its replacement');
  const past = await openIncident(pool, {
    subject: `container:${well[0]}`, cause: 'behind', severity: 'warning', title: 'it was 3 generations behind for 40 s', container: well[0]!, incarnation: 1, evidence: { generation: 40 },
  });
  await closeIncident(pool, past.id, 'well again');
  const { rows: [seen] } = await pool.query<{ id: number }>('select id from incident where subject = $1', [`site:${sites.bakery}`]);
  assert.equal((await operator.send('POST', `/incidents/${seen!.id}/acknowledge`, { body: { note: 'the baker changed the basket; I call him' } })).status, 200);
  return { incident: incident.id, approval: approval.id };
}
