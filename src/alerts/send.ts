import { type AlertMessage, alertTitle, emailText, slackBody, webhookBody } from '../domain/alert-message.ts';
import type { ChannelConfig, ChannelKind } from '../domain/resources/alert.ts';
import { sendMail } from './email.ts';
import { post, signed } from './post.ts';

export interface Sending {
  readonly delivery: string;
  readonly kind: ChannelKind;
  readonly config: ChannelConfig;
  readonly message: AlertMessage;
  /** CIDRs of inward addresses that may be gone to. */
  readonly allowed: readonly string[];
  readonly timeoutMs?: number;
}

/**
 * One attempt to tell one channel.
 * @returns a remark for the log, e.g. that some recipients were refused; else null
 * @throws NotDelivered
 */
export async function send({ delivery, kind, config, message, allowed, timeoutMs }: Sending): Promise<string | null> {
  if (kind === 'email') {
    const mail = { id: delivery, subject: alertTitle(message), text: emailText(message) };
    const refused = await sendMail(config as ChannelConfig<'email'>, mail, allowed, timeoutMs);
    return refused.length > 0 ? `refused: ${refused.join(', ')}` : null;
  }
  if (kind === 'slack') {
    await post((config as ChannelConfig<'slack'>).url, slackBody(message), {}, allowed, timeoutMs);
    return null;
  }
  const { url, secret } = config as ChannelConfig<'webhook'>;
  const body = webhookBody(delivery, message);
  const headers = { 'x-reeve-delivery': delivery, 'x-reeve-event': message.kind, ...signed(secret, Math.floor(Date.now() / 1000), body) };
  await post(url, body, headers, allowed, timeoutMs);
  return null;
}
