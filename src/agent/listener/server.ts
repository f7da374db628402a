/**
 * The agent's own HTTP listener, on loopback. Whether it lives and its metrics are open; what shows or does anything
 * takes the token that the platform derives for this container and incarnation.
 */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isReeveError } from '../../domain/errors.ts';
import { INTERNAL_DOMAIN, isWithin, normalizeHostname } from '../../domain/hostname.ts';
import { isId } from '../../domain/id.ts';
import { type Log, messageOf } from '../../log.ts';
import { sendJson, sendProblem } from './reply.ts';

export interface Handlers {
  /** What is up, for whoever watches the process. */
  health(): { readonly ok: boolean; readonly [field: string]: unknown };
  metrics(): Promise<{ contentType: string; body: string }>;
  state(): unknown;
  reconcile(): Promise<unknown>;
  files(asked: unknown): Promise<unknown>;
  /** An edge's word about itself: open, as it has no token, and nothing in it is a secret. */
  description?(): Promise<unknown>;
  /** What an edge answers for a hostname: open too, since any visitor may ask it that. */
  answer?(hostname: string): Promise<unknown>;
  look(asked: unknown): Promise<unknown>;
  traceback(site: string): unknown;
  logs(site: string, query: URLSearchParams, response: ServerResponse): Promise<void>;
  exec(site: string, body: unknown, request: IncomingMessage, response: ServerResponse): Promise<void>;
}

export interface AgentListener {
  readonly url: string;
  close(): Promise<void>;
}

/** 8 MiB of standard input as base64, and the command. */
const BODY_LIMIT = 12 * 1024 * 1024;

/** @param token null until the container has joined: then nothing is let in */
export async function openListener(options: {
  listen: { address: string; port: number };
  token(): string | null;
  handlers: Handlers;
  log: Log;
}): Promise<AgentListener> {
  const { listen, handlers, log } = options;
  const server = createServer((request, response) => {
    route(request, response).catch((error) => {
      log.warn('a request failed', { path: request.url, error: messageOf(error) });
      if (response.headersSent) response.destroy();
      else if (isReeveError(error)) sendProblem(response, error.type, error.message);
      else sendProblem(response, 'internal', 'the agent could not do this');
    });
  });

  function isAllowed(request: IncomingMessage): boolean {
    const token = options.token();
    const given = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (token === null || given === undefined) return false;
    const [a, b] = [Buffer.from(token), Buffer.from(given)];
    return a.length === b.length && timingSafeEqual(a, b);
  }

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://agent.reeve.internal');
    const [, first = '', site = ''] = url.pathname.split('/');
    const call = `${request.method} /${first}`;
    if (call === 'GET /healthz') {
      const health = handlers.health();
      return sendJson(response, health.ok ? 200 : 503, health);
    }
    if (call === 'GET /metrics') {
      const { contentType, body } = await handlers.metrics();
      response.writeHead(200, { 'content-type': contentType });
      return void response.end(body);
    }
    if (call === 'GET /description' && handlers.description) return sendJson(response, 200, await handlers.description());
    if (call === 'GET /answer' && handlers.answer) {
      const name = normalizeHostname(site);
      if (!name.ok || isWithin(name.hostname, INTERNAL_DOMAIN)) return sendProblem(response, 'not-found', 'that is no hostname of a site');
      return sendJson(response, 200, await handlers.answer(name.hostname));
    }
    if (!isAllowed(request)) return sendProblem(response, 'unauthenticated', 'this takes the token of this incarnation');
    if (call === 'GET /state') return sendJson(response, 200, handlers.state());
    if (call === 'POST /reconcile') return sendJson(response, 200, await handlers.reconcile());
    if (call === 'POST /look') return sendJson(response, 200, await handlers.look(await readJson(request)));
    if (call === 'POST /files') return sendJson(response, 200, await handlers.files(await readJson(request)));
    if (['logs', 'exec', 'traceback'].includes(first) && !isId('s', site)) return sendProblem(response, 'not-found', 'there is no such site here');
    if (call === 'GET /traceback') return sendJson(response, 200, handlers.traceback(site));
    if (call === 'GET /logs') return await handlers.logs(site, url.searchParams, response);
    if (call === 'POST /exec') return await handlers.exec(site, await readJson(request), request, response);
    sendProblem(response, 'not-found', `there is no ${request.method} ${url.pathname}`);
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port, listen.address, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = listen.address.includes(':') ? `[${listen.address}]` : listen.address;
  return {
    url: `http://${host}:${port}`,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) return null;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return null;
  }
}
