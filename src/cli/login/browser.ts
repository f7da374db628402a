import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '../../api/client.ts';
import { ReeveError } from '../../domain/errors.ts';
import type { Context } from '../context.ts';
import { Detached } from '../failure.ts';
import type { CreatedToken } from '../resources.ts';

/** Between two questions whether somebody has let us in. */
const EVERY_MS = 1_500;

interface Begun {
  readonly device: string;
  readonly code: string;
  readonly path: string;
  readonly endsAt: string;
}

/**
 * Let in by somebody who is signed in in a browser, on this machine or another.
 * @throws ReeveError `not-found` when nobody did in time; Detached on Ctrl-C
 */
export async function byBrowser({ terminal }: Context, client: Client, api: string, name: string, opens: boolean): Promise<CreatedToken> {
  const { device, code, path, endsAt } = await client.request<Begun>('POST', '/sign-in/devices', { body: { name } });
  const page = `${api}${path}`;
  process.stderr.write(`Open this page, and let ${name} in if it shows the same code:\n\n  ${page}\n  ${terminal.paintNote('bold', code)}\n\n`);
  if (opens && terminal.live && !process.env.SSH_CONNECTION) await openPage(page);
  const interrupt = new AbortController();
  const stop = () => interrupt.abort();
  process.once('SIGINT', stop);
  try {
    while (Date.now() < Date.parse(endsAt)) {
      const { state, token } = await client.request<{ state: 'waiting' | 'in'; token: CreatedToken | null }>('POST', '/sign-in/devices/take', { body: { device } });
      if (state === 'in') return token!;
      await delay(EVERY_MS, undefined, { signal: interrupt.signal });
    }
  } catch (error) {
    throw interrupt.signal.aborted ? new Detached('\nnot logged in') : error;
  } finally {
    process.off('SIGINT', stop);
  }
  throw new ReeveError('not-found', 'nobody let this in in time: begin again');
}

/** Where it cannot be opened, the person does it by hand. */
async function openPage(page: string): Promise<void> {
  const { default: open } = await import('open');
  const child = await open(page).catch(() => null);
  child?.on('error', () => {});
}
