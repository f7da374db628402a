/**
 * A platform whose answers a test chooses, to show how runs end that a real one reaches only by accident. Each look at
 * a run moves it one state on, so that nothing depends on time.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Run } from '../../src/cli/resources.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

export interface ContractServer {
  readonly env: Readonly<Record<string, string>>;
  readonly asked: readonly Asked[];
  /** How often each run was looked at. */
  looks(run: string): number;
  close(): Promise<void>;
}

/** `lines`: JSON lines instead of a body; `open` leaves the connection open after them. */
export type Answer = { readonly status?: number; readonly body?: unknown; readonly lines?: readonly unknown[]; readonly open?: boolean };

/** @param answers `GET /sites` → its answer; @param runs id → its states, the last of which stays */
export async function startContract(answers: Record<string, Answer>, runs: Record<string, readonly Run[]>): Promise<ContractServer> {
  const asked: Asked[] = [];
  const looks = new Map<string, number>();
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += chunk;
    const path = new URL(request.url!, 'http://x').pathname.replace('/api/v1', '');
    asked.push({ method: request.method!, path, headers: request.headers, body: text ? JSON.parse(text) : undefined });
    const { status = 200, body, lines, open } = answerTo(`${request.method} ${path}`);
    if (lines) {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      for (const line of lines) response.write(`${JSON.stringify(line)}\n`);
      if (!open) response.end();
      return;
    }
    response.writeHead(status, { 'content-type': status >= 400 ? 'application/problem+json' : 'application/json' }).end(JSON.stringify(body));
  });
  const answerTo = (line: string): Answer => {
    const states = runs[line.replace('GET /runs/', '')];
    if (states) {
      const id = line.replace('GET /runs/', '');
      const n = looks.get(id) ?? 0;
      looks.set(id, n + 1);
      return { body: states[Math.min(n, states.length - 1)] };
    }
    return answers[line] ?? { status: 404, body: { type: '/problems/not-found', title: 'There is no such thing', status: 404, detail: `nothing at ${line}` } };
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    env: { REEVE_API: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, REEVE_TOKEN: 'contract' },
    asked,
    looks: (run) => looks.get(run) ?? 0,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

const AT = '2030-01-01T00:00:00Z';

/** A run as the API would have it, in a state, after some steps. */
export function run(state: Run['state'], more: Partial<Run> = {}): Run {
  const over = state !== 'requested' && state !== 'running';
  return {
    id: 'w000000001', type: 'createSite', subject: 'site:s000000001', site: 's000000001', state, input: {},
    actor: { kind: 'token', id: 'k000000001', name: 'test' }, steps: [], progress: 0, result: null, error: null, cancelRequested: false,
    requestedAt: AT, claimedAt: AT, endedAt: over ? AT : null, temporalUrl: null, ...more,
  };
}

export function step(name: string, state: Run['steps'][number]['state'], message: string | null = null): Run['steps'][number] {
  return { name, state, startedAt: AT, endedAt: state === 'running' ? null : AT, message };
}
