import { readFileSync } from 'node:fs';
import type { Pool } from '../../database/pool.ts';
import { firstTokenOf } from '../../database/tokens.ts';

/** An owner's token: the one in the access file, made anew where that is gone, or its token is: revoked, or another platform's. */
export async function currentToken(accessFile: string, pool: Pool): Promise<string> {
  return await firstTokenOf(pool, readToken(accessFile));
}

function readToken(accessFile: string): string | null {
  try {
    const { token } = JSON.parse(readFileSync(accessFile, 'utf8')) as { token?: unknown };
    return typeof token === 'string' ? token : null;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
