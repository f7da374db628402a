/** One's own account: who one is, how one signs in, and what acts as oneself. */
import { codePages } from './codes.ts';
import { passwordPages } from './password.ts';
import { sessionPages } from './sessions.ts';
import { tokenPages } from './tokens.ts';
import { youPages } from './you.ts';

export const accountPages = [...youPages, ...passwordPages, ...codePages, ...sessionPages, ...tokenPages];
