/** Mails to people: through the server of an e-mail channel, as there is one way out for mail and one place where its password is kept. */
import { randomUUID } from 'node:crypto';
import { sendMail } from '../alerts/email.ts';
import { openConfig } from '../database/alerts/channels.ts';
import type { Pool } from '../database/pool.ts';
import { translated } from '../database/errors.ts';
import { readPlatformSettings } from '../database/read/platform-settings.ts';
import type { ChannelConfig } from '../domain/resources/alert.ts';
import type { AlertsKey } from '../domain/secrets.ts';
import type { Log } from '../log.ts';

export interface MailDeps {
  readonly pool: Pool;
  readonly alertsKey: AlertsKey;
  readonly log: Pick<Log, 'info' | 'error'>;
}

export interface Letter {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** The oldest e-mail channel that is on; null when there is none. */
async function mailServer(pool: Pool, key: AlertsKey): Promise<ChannelConfig<'email'> | null> {
  const { rows: [row] } = await translated(pool.query<{ id: string; sealed: string }>(
    `select id, sealed from channel where kind = 'email' and enabled order by created_at, id limit 1`));
  return row ? (openConfig(key, row.id, row.sealed) as ChannelConfig<'email'>) : null;
}

export async function canMail(pool: Pool): Promise<boolean> {
  const { rowCount } = await translated(pool.query(`select 1 from channel where kind = 'email' and enabled limit 1`));
  return rowCount === 1;
}

/**
 * Send it in the background: who asks waits for no mail server, and learns nothing from how long it takes.
 * A letter that does not arrive is in the log, by its kind alone.
 */
export function post({ pool, alertsKey, log }: MailDeps, kind: string, letter: Letter): Promise<void> {
  return (async () => {
    const server = await mailServer(pool, alertsKey);
    if (!server) return;
    const { alertNetworks = [] } = await readPlatformSettings(pool);
    const refused = await sendMail({ ...server, to: [letter.to] }, { id: randomUUID(), subject: letter.subject, text: letter.text }, alertNetworks);
    if (refused.length > 0) throw new Error('the recipient was refused');
    log.info('mail sent', { kind });
  })().catch((error: Error) => log.error('mail not sent', { kind, error: error.message }));
}
