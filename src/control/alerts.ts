import { NotDelivered } from '../alerts/failure.ts';
import { send } from '../alerts/send.ts';
import { openConfig } from '../database/alerts/channels.ts';
import {
  type Claimed, claimDelivery, dropOldDeliveries, recordDelivered, recordDropped, recordFailed,
} from '../database/alerts/deliveries.ts';
import { queueAlerts } from '../database/alerts/plan.ts';
import { listen } from '../database/listen.ts';
import type { Pool } from '../database/pool.ts';
import { ALERT_POLICY, type AlertPolicy } from '../domain/alerting.ts';
import { isReeveError } from '../domain/errors.ts';
import type { ChannelKind } from '../domain/resources/alert.ts';
import type { AlertsKey } from '../domain/secrets.ts';
import type { Log } from '../log.ts';
import { type Loop, startLoop } from './loop.ts';

/** Messages under way at once: a receiver that hangs holds up one of them. */
const AT_ONCE = 4;

export interface AlertParts {
  readonly pool: Pool;
  /** The platform's database, for a listener: a test is sent at once. */
  readonly url: string;
  readonly alertsKey: AlertsKey;
  readonly log: Log;
  readonly everyMs?: number;
  readonly policy?: AlertPolicy;
  /** How long one attempt may take. */
  readonly timeoutMs?: number;
}

/**
 * Tell people of incidents: plan what is due, then send what is queued. Each message arrives at least once, known by its
 * delivery id; who sends dies at any moment, and another goes on.
 */
export function startAlerts({ pool, url, alertsKey, log, everyMs = 5_000, policy = ALERT_POLICY, timeoutMs }: AlertParts): Loop {
  /** A remark, or why it did not arrive. */
  const tell = async ({ id, channel, message, allowed }: Claimed, kind: ChannelKind, sealed: string): Promise<{ remark: string | null } | { why: string }> => {
    try {
      const config = openConfig(alertsKey, channel, sealed);
      return { remark: await send({ delivery: id, kind, config, message, allowed, ...(timeoutMs ? { timeoutMs } : {}) }) };
    } catch (error) {
      if (error instanceof NotDelivered || isReeveError(error)) return { why: error.message };
      throw error;
    }
  };
  const attempt = async (claimed: Claimed): Promise<void> => {
    const { id, channel, kind, attempts, channelKind, sealed } = claimed;
    if (channelKind === null || sealed === null) return await recordDropped(pool, id, 'its channel is off, or gone');
    const result = await tell(claimed, channelKind, sealed);
    const fields = { delivery: id, channel, kind, attempts };
    if ('remark' in result) {
      await recordDelivered(pool, id, result.remark);
      log.info('alert delivered', fields);
    } else {
      const now = await recordFailed(pool, claimed, result.why);
      log.warn('alert not delivered', { ...fields, now, error: result.why });
    }
  };
  const drain = async (stopping: AbortSignal): Promise<void> => {
    while (!stopping.aborted) {
      const claimed = await claimDelivery(pool);
      if (!claimed) return;
      await attempt(claimed);
    }
  };
  const planning = startLoop({
    name: 'alerts', everyMs, log,
    async pass() {
      for (const { channel, kind, incidents } of await queueAlerts(pool, policy)) log.info('alert', { channel, kind, incidents: incidents.length });
      await dropOldDeliveries(pool);
      for (const sender of senders) sender.wake();
    },
  });
  const senders = Array.from({ length: AT_ONCE }, () => startLoop({ name: 'alert senders', everyMs, log, pass: drain }));
  const wake = () => {
    planning.wake();
    for (const sender of senders) sender.wake();
  };
  const listener = listen({
    url, name: 'reeve control alerts', channels: ['reeve_alert'], onMessage: wake, onConnect: wake,
    onError: (error) => log.warn('listener lost', { name: 'alerts', error: error.message }),
  });
  return {
    wake,
    async stop() {
      await Promise.all([listener.close(), planning.stop(), ...senders.map((sender) => sender.stop())]);
    },
  };
}
