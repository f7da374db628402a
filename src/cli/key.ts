import { randomUUID } from 'node:crypto';

/** An Idempotency-Key: if the answer is lost and the client asks again, nothing is done twice. */
export function newKey(): string {
  return randomUUID();
}
