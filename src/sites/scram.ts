import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

/**
 * A password as Postgres stores it (SCRAM-SHA-256, RFC 5802), so that the password itself is in no statement and no
 * log of the server. Only for passwords in ASCII, which need no normalisation, and of 256 random bits: iterations slow
 * down who guesses, and these cannot be guessed. With Postgres's usual 4096, a site's process takes 5.1 ms to connect,
 * with one 2.0 ms (psycopg 3), and Django connects for each request.
 */
export function scramVerifier(password: string, iterations = 1): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest();
  const stored = createHash('sha256').update(hmac('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${hmac('Server Key').toString('base64')}`;
}
