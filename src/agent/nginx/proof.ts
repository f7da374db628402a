/** What nginx really serves: asked on its own loopback listener. */
import { Pool } from 'undici';
import { z } from 'zod';

const PROOF = z.object({ epoch: z.coerce.number(), generation: z.coerce.number(), digest: z.string() });
export type Proof = z.infer<typeof PROOF>;

const HOST = 'generation.reeve.internal';
const POLL_MS = 3;

export interface ProofReader {
  /** Null when nginx does not answer. */
  read(): Promise<Proof | null>;
  /** Ask until it says `digest`, or `withinMs` have passed; the last answer. */
  await(digest: string, withinMs: number): Promise<Proof | null>;
  close(): Promise<void>;
}

export function proofReader(probeSocket: string): ProofReader {
  // Without pipelining or reuse: a kept connection would still be answered by a worker of the former configuration.
  const pool = new Pool('http://reeve.internal', {
    socketPath: probeSocket, connections: 1, pipelining: 0, headersTimeout: 1_000, bodyTimeout: 1_000, connectTimeout: 1_000,
  });
  async function read(): Promise<Proof | null> {
    try {
      const { statusCode, body } = await pool.request({ path: '/', method: 'GET', headers: { host: HOST }, reset: true });
      const text = await body.text();
      const parsed = statusCode === 200 ? PROOF.safeParse(JSON.parse(text)) : null;
      return parsed?.success ? parsed.data : null;
    } catch {
      return null;
    }
  }
  return {
    read,
    async await(digest, withinMs) {
      const deadline = performance.now() + withinMs;
      for (;;) {
        const proof = await read();
        if (proof?.digest === digest || performance.now() >= deadline) return proof;
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    },
    close: () => pool.close(),
  };
}
