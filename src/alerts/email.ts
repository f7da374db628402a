import { connect, isIP } from 'node:net';
import { createTransport } from 'nodemailer';
import type { ChannelConfig } from '../domain/resources/alert.ts';
import { notDelivered } from './failure.ts';
import { outward } from './outward.ts';

const LONGEST_MS = 20_000;

export interface Mail {
  /** The delivery's id: a mail sent twice is seen as one by what knows Message-ID. */
  readonly id: string;
  readonly subject: string;
  readonly text: string;
}

/**
 * Send a mail, once.
 * @returns the recipients that the server refused, while it took the others
 * @throws NotDelivered
 */
export async function sendMail(config: ChannelConfig<'email'>, mail: Mail, allowed: readonly string[], timeoutMs = LONGEST_MS): Promise<string[]> {
  const { host, port, security, user, password, from, to } = config;
  let socket: ReturnType<typeof connect> | undefined;
  // A server that talks without an end is cut off too.
  const timer = setTimeout(() => socket?.destroy(Object.assign(new Error('too slow'), { name: 'TimeoutError' })), timeoutMs);
  try {
    const [place] = await outward(host, allowed);
    const transport = createTransport({
      host, port, secure: security === 'tls', requireTLS: security === 'starttls', ignoreTLS: security === 'none',
      ...(user === undefined ? {} : { auth: { user, pass: password! } }),
      ...(isIP(host) ? {} : { tls: { servername: host } }),
      connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs,
      disableFileAccess: true, disableUrlAccess: true,
      // Its own lookup would ask again, and might be told another address than the one that was checked.
      getSocket(_options, done) {
        socket = connect({ host: place!.address, port });
        socket.once('error', (error) => done(error, false));
        socket.once('connect', () => done(null, { connection: socket }));
      },
    });
    const { rejected } = await transport.sendMail({
      from, to, subject: mail.subject, text: mail.text, messageId: `<${mail.id}@${from.split('@')[1]}>`,
      headers: { 'Auto-Submitted': 'auto-generated' },
    });
    return rejected.map(String);
  } catch (error) {
    throw notDelivered(error);
  } finally {
    clearTimeout(timer);
    socket?.destroy();
  }
}
