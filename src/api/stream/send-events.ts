import type { Request, Response } from 'express';
import type { StreamItem } from '../../database/read/stream.ts';
import { ReeveError } from '../../domain/errors.ts';
import type { Hub } from './hub.ts';
import { onGone } from './on-gone.ts';

const HEARTBEAT_MS = 15_000;
/** A client that leaves this much unread is dropped; it comes back with Last-Event-ID and misses nothing. */
const MOST_UNREAD = 1024 * 1024;

/** Send events and notices, of all or of these sites, until the client goes. @throws ReeveError `bad-request` for a Last-Event-ID that is none of ours */
export async function sendEvents(hub: Hub, request: Request, response: Response, sites?: readonly string[]): Promise<void> {
  const seen = (item: StreamItem) => sites === undefined || (item.site !== null && sites.includes(item.site));
  const from = positionOf(request.get('last-event-id'));
  let began = false;
  const begin = () => {
    if (began) return;
    began = true;
    response.status(200);
    response.setHeader('content-type', 'text/event-stream; charset=utf-8');
    response.setHeader('cache-control', 'no-store');
    // For a proxy like nginx, which would hold lines back to fill its buffers.
    response.setHeader('x-accel-buffering', 'no');
    response.flushHeaders();
  };
  const send = (text: string) => {
    if (response.destroyed) return;
    response.write(text);
    if (response.writableLength > MOST_UNREAD) response.destroy();
  };
  const { at, leave } = await hub.subscribe(from, (items) => {
    begin();
    const text = items.filter(seen).map(lineOf).join('');
    if (text !== '') send(text);
  });
  begin();
  const heartbeat = setInterval(() => send(':\n\n'), HEARTBEAT_MS);
  // Where it stands now, so that a client which is cut off before anything happened comes back to here.
  send(`id: ${from ? `${Math.max(at.event, from.event)}-${Math.max(at.notice, from.notice)}` : `${at.event}-${at.notice}`}\nevent: ready\ndata: {}\n\n`);
  const end = () => void response.end();
  hub.closing.addEventListener('abort', end);
  if (hub.closing.aborted) end();
  await new Promise<void>((resolve) => onGone(response, resolve));
  hub.closing.removeEventListener('abort', end);
  clearInterval(heartbeat);
  leave();
}

function lineOf({ id, kind, site: _, ...item }: StreamItem): string {
  return `id: ${id}\nevent: ${kind}\ndata: ${JSON.stringify(item)}\n\n`;
}

function positionOf(text: string | undefined) {
  if (text === undefined || text === '') return null;
  const [, event, notice] = /^(\d{1,15})-(\d{1,15})$/.exec(text) ?? [];
  if (event === undefined) throw new ReeveError('bad-request', 'Last-Event-ID is none of this stream');
  return { event: Number(event), notice: Number(notice) };
}
