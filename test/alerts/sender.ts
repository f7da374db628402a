/** A dispatcher as a process of its own, which a test kills: `sender.ts <database url> <alerts key as hex>`. */
import { startAlerts } from '../../src/control/alerts.ts';
import { createPool } from '../../src/database/pool.ts';
import { createLog } from '../../src/log.ts';

const [, , url, key] = process.argv;
startAlerts({
  pool: createPool(url!, { name: 'test sender' }), url: url!, alertsKey: Buffer.from(key!, 'hex'), log: createLog({}, () => {}), everyMs: 50,
  policy: { groupMs: 0, repeatMs: 3_600_000 },
});
