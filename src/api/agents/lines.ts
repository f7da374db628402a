import { once } from 'node:events';
import type { Response } from 'express';
import { onGone } from '../stream/on-gone.ts';

const HEARTBEAT_MS = 15_000;
/** A reader that leaves this much unread is cut off. */
const MOST_UNREAD = 4 * 1024 * 1024;

export interface Lines {
  send(line: unknown): void;
  /** For what is read no faster than it is sent. */
  sendWhenRoom(line: unknown): Promise<void>;
  end(): void;
}

/** JSON lines, with an empty one now and then so that a quiet connection stays open. */
export function beginLines(response: Response): Lines {
  response.status(200);
  response.setHeader('content-type', 'application/x-ndjson; charset=utf-8');
  response.setHeader('cache-control', 'no-store');
  response.setHeader('x-accel-buffering', 'no');
  response.flushHeaders();
  const write = (text: string): boolean => {
    if (response.destroyed || response.writableEnded) return true;
    const room = response.write(text);
    if (response.writableLength > MOST_UNREAD) response.destroy();
    return room;
  };
  const heartbeat = setInterval(() => write('\n'), HEARTBEAT_MS);
  onGone(response, () => clearInterval(heartbeat));
  return {
    send: (line) => void write(`${JSON.stringify(line)}\n`),
    async sendWhenRoom(line) {
      if (!write(`${JSON.stringify(line)}\n`) && !response.destroyed) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    },
    end: () => void response.end(),
  };
}

/** Aborted when the client has gone, or this process stops. */
export function whenClosed(response: Response, closing: AbortSignal): AbortSignal {
  const gone = new AbortController();
  onGone(response, () => gone.abort());
  return AbortSignal.any([gone.signal, closing]);
}
