/** The real API, database and dispatcher; incidents are rows, as remediation writes them. */
import { startAlerts } from '../../src/control/alerts.ts';
import type { Loop } from '../../src/control/loop.ts';
import type { AlertPolicy } from '../../src/domain/alerting.ts';
import type { Delivery } from '../../src/domain/resources/alert.ts';
import { createLog } from '../../src/log.ts';
import { startApi, type TestApi } from '../api/harness.ts';

export interface AlertPlatform {
  readonly api: TestApi;
  /** All that was logged, as text. */
  logged(): string;
  /** @param as  policy (everything is due at once unless said) and time limit of an attempt */
  dispatcher(as?: { policy?: AlertPolicy; timeoutMs?: number }): Loop;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what they expect
  channel(body: Record<string, unknown>): Promise<any>;
  incident(row: { subject: string; severity?: string; title?: string; ageSeconds?: number }): Promise<number>;
  deliveries(channel: string): Promise<Delivery[]>;
  close(): Promise<void>;
}

export async function alertPlatform(): Promise<AlertPlatform> {
  const api = await startApi();
  const { pool } = api.database;
  await pool.query(`update platform set settings = settings || '{"alertNetworks": ["127.0.0.0/8"]}'`);
  let text = '';
  const log = createLog({}, (line) => { text += line; });
  const running: Loop[] = [];
  return {
    api,
    logged: () => text,
    dispatcher({ policy = { groupMs: 0, repeatMs: 3_600_000 }, timeoutMs = 5_000 } = {}) {
      const loop = startAlerts({ pool, url: api.database.url, alertsKey: api.alertsKey, log, everyMs: 50, policy, timeoutMs });
      running.push(loop);
      return loop;
    },
    async channel(body) {
      const { status, body: made } = await api.send('POST', '/alerts/channels', { body });
      if (status !== 201) throw new Error(JSON.stringify(made));
      return made;
    },
    async incident({ subject, severity = 'critical', title = 'It is down', ageSeconds = 0 }) {
      const { rows } = await pool.query<{ id: number }>(
        `insert into incident (subject, cause, severity, title, opened_at) values ($1, 'test', $2, $3, clock_timestamp() - $4 * interval '1 second')
         returning id`, [subject, severity, title, ageSeconds]);
      return rows[0]!.id;
    },
    deliveries: async (channel) => (await api.send('GET', `/alerts/deliveries?channel=${channel}&limit=200`)).body.items,
    async close() {
      await Promise.all(running.map((loop) => loop.stop()));
      await api.close();
    },
  };
}
