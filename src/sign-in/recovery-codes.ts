/** For whoever has lost the app: ten codes, each good once. Kept as hashes: 80 bits are not to be guessed, also not fast. */
import { createHash, randomBytes } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

export interface RecoveryCode {
  /** `abcd-efgh-jkmn-pqrs`: shown this once. */
  readonly text: string;
  readonly hash: Buffer;
}

export function newRecoveryCodes(count = 10): RecoveryCode[] {
  return Array.from({ length: count }, () => {
    const letters = [...randomBytes(16)].map((byte) => ALPHABET[byte % 32]!).join('');
    return { text: letters.match(/.{4}/g)!.join('-'), hash: hashOf(letters) };
  });
}

/** The hash of what a person typed, however they wrote it; null when it cannot be such a code. */
export function hashOfRecoveryCode(typed: string): Buffer | null {
  const letters = typed.toLowerCase().replace(/[\s-]/g, '').replace(/[il]/g, '1').replace(/o/g, '0');
  return letters.length === 16 && [...letters].every((each) => ALPHABET.includes(each)) ? hashOf(letters) : null;
}

const hashOf = (letters: string): Buffer => createHash('sha256').update(`reeve recovery ${letters}`).digest();
