import type { ServerResponse } from 'node:http';
import { ERRORS, type ErrorType } from '../../domain/errors.ts';

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}

/** The same shape of error as the platform's API has. */
export function sendProblem(response: ServerResponse, type: ErrorType, detail: string): void {
  const { status, title } = ERRORS[type];
  response.writeHead(status, { 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify({ type, title, status, detail })}\n`);
}

export interface Lines {
  /** False when the reader has enough for now: what is sent all the same stays in memory. */
  send(line: unknown): boolean;
  /** Until more may be sent, or the reader is gone. */
  drained(): Promise<void>;
}

/** Lines of JSON, as they come. To a reader that has gone, they go nowhere. */
export function beginLines(response: ServerResponse): Lines {
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  response.flushHeaders();
  return {
    send: (line) => response.destroyed || response.writableEnded || response.write(`${JSON.stringify(line)}\n`),
    drained: () => new Promise((resolve) => {
      if (response.destroyed || response.writableEnded || !response.writableNeedDrain) return resolve();
      const done = () => {
        response.off('drain', done).off('close', done);
        resolve();
      };
      response.on('drain', done).on('close', done);
    }),
  };
}
