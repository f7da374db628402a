/** A site's log in this container: nginx's lines of it, and what its vassal said, as lines of JSON. */
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { type Layout, places } from '../../domain/layout.ts';
import { newestLog } from '../vassals/log-tail.ts';
import { beginLines } from './reply.ts';
import { followFile, type LogFile, readTail } from './tail.ts';

export interface LogLine {
  readonly at?: string;
  readonly source: 'access' | 'app';
  readonly status?: number;
  readonly message?: string;
  readonly [field: string]: unknown;
}

const KEEP_ALIVE_MS = 15_000;
const APP_LINE = z.looseObject({
  at: z.string().refine((at) => !Number.isNaN(Date.parse(at))).optional(),
  status: z.number().optional(),
  message: z.string().optional(),
});

export async function streamLogs(layout: Layout, site: string, query: URLSearchParams, response: ServerResponse): Promise<void> {
  // nginx's times are whole seconds.
  const since = Math.floor(Date.parse(query.get('since') ?? '') / 1_000) * 1_000;
  const errorsOnly = query.get('errors') === 'true' || query.get('errors') === '';
  const lines = beginLines(response);
  const wanted = (line: LogLine | null): line is LogLine => line !== null
    && !(line.at !== undefined && Date.parse(line.at) < since)
    && !(errorsOnly && line.source === 'access' && (line.status ?? 0) < 500);

  const access: LogFile = { path: `${layout.root}/log/nginx-access.log` };
  const app = newestLog(places.logDir(layout, site));
  const sources: [LogFile, (line: string) => LogLine | null][] = [[access, (line) => parseAccess(line, site)]];
  if (app) sources.push([app, parseApp]);

  const past: LogLine[] = [];
  const offsets = new Map<LogFile, number>();
  for (const [file, parse] of sources) {
    offsets.set(file, await readTail(file, (text) => {
      const line = parse(text);
      if (wanted(line)) past.push(line);
    }));
  }
  // Lines without a time of their own (a traceback) stay behind the line they followed.
  for (const line of inOrder(past)) lines.send(line);
  if (query.get('follow') !== 'true' && query.get('follow') !== '') return void response.end();

  const ended = new AbortController();
  // Who has gone while the past was read is gone for good: nothing says so again.
  if (response.destroyed) return;
  response.once('close', () => ended.abort());
  for (const [file, parse] of sources) {
    followFile(file, offsets.get(file)!, async (text) => {
      const line = parse(text);
      if (wanted(line) && !lines.send(line)) await lines.drained();
    }, ended.signal);
  }
  const alive = setInterval(() => response.write('\n'), KEEP_ALIVE_MS);
  ended.signal.addEventListener('abort', () => clearInterval(alive), { once: true });
}

function parseAccess(text: string, site: string): LogLine | null {
  // Most lines are of other sites: parsed only when the site's id is in them.
  if (!text.includes(site)) return null;
  try {
    const line = JSON.parse(text) as { site?: string };
    return line.site === site ? { ...line, source: 'access' } : null;
  } catch {
    return null;
  }
}

/**
 * uWSGI's own lines begin with a time; a JSON line of the application is taken as it is, but for where it comes from. One
 * whose fields of ours are something else (`"at": "12:00"`) is text like any other: nothing of it is lost.
 */
function parseApp(text: string): LogLine | null {
  if (text === '') return null;
  if (text.startsWith('{')) {
    try {
      const line = APP_LINE.safeParse(JSON.parse(text));
      if (line.success) return { ...line.data, source: 'app' };
    } catch { /* it only looks like it */ }
  }
  const [, at, message] = /^(\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)) (.*)$/.exec(text) ?? [];
  return at === undefined || Number.isNaN(Date.parse(at)) ? { source: 'app', message: text } : { at, source: 'app', message: message! };
}

function inOrder(lines: readonly LogLine[]): LogLine[] {
  let time = '';
  return lines
    .map((line) => {
      if (line.at) time = new Date(line.at).toISOString();
      return { line, time };
    })
    .sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
    .map(({ line }) => line);
}
