/** Real receivers on the loopback: an HTTP server that answers as told, and a small SMTP server. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface Posted {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpReceiver {
  readonly url: string;
  readonly posted: Posted[];
  close(): Promise<void>;
}

/** @param answer  200 unless it says otherwise; called with what came */
export async function httpReceiver(answer: (posted: Posted, response: ServerResponse) => void = (_, response) => void response.end()): Promise<HttpReceiver> {
  const posted: Posted[] = [];
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const one = { path: request.url ?? '', headers: request.headers, body };
    posted.push(one);
    answer(one, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    posted,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface MailReceiver {
  readonly port: number;
  readonly mails: { readonly to: string[]; readonly text: string }[];
  close(): Promise<void>;
}

/** Refuses whoever starts with `nobody@`; asks for `user` and the given password when there is one; a certificate nobody trusts. */
export async function mailReceiver({ password, starttls = false }: { password?: string; starttls?: boolean } = {}): Promise<MailReceiver> {
  const mails: { to: string[]; text: string }[] = [];
  const server = new SMTPServer({
    disabledCommands: [...(password === undefined ? ['AUTH'] : []), ...(starttls ? [] : ['STARTTLS'])], authOptional: password === undefined, allowInsecureAuth: true,
    onAuth: ({ username, password: given }, _session, done) =>
      (username === 'user' && given === password ? done(null, { user: username }) : done(new Error(`no such user with ${given}`))),
    onRcptTo: ({ address }, _session, done) => done(address.startsWith('nobody@') ? Object.assign(new Error('no such mailbox'), { responseCode: 550 }) : null),
    onData(stream, session, done) {
      let text = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; }).on('end', () => {
        mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), text });
        done();
      });
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    mails,
    port: (server.server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
