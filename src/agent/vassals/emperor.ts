/** What the emperor says of its vassals, and the signals it takes. Everything that knows the emperor is here. */
import { createConnection } from 'node:net';
import { basename } from 'node:path';
import { z } from 'zod';

const STATISTICS = z.object({
  pid: z.number(),
  vassals: z.array(z.object({
    id: z.string(),
    pid: z.number(),
    accepting: z.number(),
    first_run: z.number(),
    last_run: z.number(),
    respawns: z.number(),
  })),
  blacklist: z.array(z.object({ id: z.string(), throttle_level: z.number(), attempt: z.number() })),
});

/** One vassal as the emperor sees it. */
export interface Seen {
  /** −1: asleep. */
  readonly pid: number;
  /** It takes requests. `ready` stays 0 after a reload, so it is not looked at (DATAPLANE). */
  readonly accepting: boolean;
  /** When it was started last, ms. */
  readonly startedAt: number;
  /** How often it was started again after it died. */
  readonly deaths: number;
}

/** By site and digest, `<site>.<digest>`: the name of the ini without its ending. */
export type EmperorView = ReadonlyMap<string, Seen>;

const VIEW_TIMEOUT_MS = 2_000;

/**
 * Ask the emperor's statistics socket. Connecting makes it scan its directory as well.
 * @returns null when it does not answer: unknown, not "no vassals"
 */
export async function viewEmperor(statsSocket: string): Promise<EmperorView | null> {
  let parsed: z.infer<typeof STATISTICS>;
  try {
    parsed = STATISTICS.parse(JSON.parse(await readAll(statsSocket)));
  } catch {
    return null;
  }
  const view = new Map<string, Seen>();
  for (const { id, attempt } of parsed.blacklist) {
    view.set(basename(id, '.ini'), { pid: 0, accepting: false, startedAt: 0, deaths: attempt });
  }
  for (const { id, pid, accepting, respawns, last_run } of parsed.vassals) {
    const name = basename(id, '.ini');
    view.set(name, { pid, accepting: accepting === 1, startedAt: last_run * 1_000, deaths: respawns + (view.get(name)?.deaths ?? 0) });
  }
  return view;
}

function readAll(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = createConnection(path);
    const timer = setTimeout(() => socket.destroy(new Error('the emperor does not answer')), VIEW_TIMEOUT_MS);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', (error) => { clearTimeout(timer); reject(error); });
    socket.on('close', () => { clearTimeout(timer); resolve(Buffer.concat(chunks).toString('utf8')); });
  });
}

/** The emperor's signals. Never HUP: it reloads every vassal at once. */
export const EMPEROR_SIGNALS = {
  /** Look at the directory now, not at the next tick. */
  scan: 'SIGWINCH',
  /** Forget which vassals were bad, so that they are tried at once. */
  forgive: 'SIGURG',
} as const;
