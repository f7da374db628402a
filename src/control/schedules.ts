import type { Client } from '@temporalio/client';
import type { Log } from '../log.ts';
import { listen } from '../database/listen.ts';
import type { Pool } from '../database/pool.ts';
import { readPlatformSettings } from '../database/read/platform-settings.ts';
import type { WholeSettings } from '../domain/settings.ts';
import { areScheduled, type ScheduleSpec, upsertSchedules } from '../temporal/schedules.ts';
import { type Loop, startLoop } from './loop.ts';

/** The checks that are asked for again and again, as the settings want them. */
export function schedulesFor({ health, integrity }: WholeSettings): ScheduleSpec[] {
  return [
    {
      type: 'checkHealth', everySeconds: health.intervalSeconds, args: [{ intervalSeconds: health.intervalSeconds }],
      summary: 'Every hostname, asked in every container',
    },
    { type: 'checkIntegrity', everySeconds: integrity.intervalSeconds, args: [], summary: 'Every container’s files and processes against Postgres' },
    { type: 'scaleCluster', everySeconds: 60, args: [], summary: 'As many containers as the load asks for' },
  ];
}

/**
 * Have the schedules as this version and the settings describe them: looked at when settings change, and every half
 * minute. Temporal is asked each time: someone may have deleted one, or Temporal may have a new database.
 */
export function startSchedules({ client, pool, url, log, everyMs = 30_000 }: {
  client: Client; pool: Pool; url: string; log: Log; everyMs?: number;
}): Loop {
  let present = '';
  const loop = startLoop({
    name: 'schedules', everyMs, log,
    async pass() {
      const wanted = schedulesFor(await readPlatformSettings(pool));
      if (JSON.stringify(wanted) === present && await areScheduled(client, wanted)) return;
      await upsertSchedules(client, wanted);
      present = JSON.stringify(wanted);
      log.info('schedules', { types: wanted.map((one) => `${one.type} ${one.everySeconds} s`) });
    },
  });
  const listener = listen({
    url, name: 'reeve control schedules', channels: ['reeve'], onConnect: loop.wake,
    // Every change of desired state is told on this channel.
    onMessage: (_channel, payload) => { if (payload.includes('"settings.updated"')) loop.wake(); },
    onError: (error) => log.warn('listener lost', { name: 'schedules', error: error.message }),
  });
  return {
    wake: loop.wake,
    async stop() {
      await Promise.all([listener.close(), loop.stop()]);
    },
  };
}
