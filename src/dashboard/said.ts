/** What a page says after a form has done its work and led there: `?said=<key>`. Fixed sentences: an address can put no words into a page. */
import { address } from './address.ts';

const SENTENCES = {
  saved: 'Saved.',
  checked: 'It was compared with what Postgres says, and what differs is recorded.',
  acknowledged: 'You look after it now; it stays open until it is over.',
  rejected: 'It is rejected, and will not be done.',
  paused: 'The platform is paused: Reeve acts about no incident by itself.',
  resumed: 'Reeve acts about incidents by itself again.',
  'channel-added': 'The channel is there. Send a test through it.',
  'channel-removed': 'The channel is removed.',
  tested: 'A test is on its way; the log below says what becomes of it.',
  'env-set': 'The variable is set; the site’s processes take it over now.',
  'env-unset': 'The variable is removed; the site’s processes let go of it now.',
  cancelled: 'The run was asked to end. What was not published yet is undone.',
  'hostname-saved': 'The hostname is changed.',
  'reset-asked': 'If somebody here has that address, a link is on its way to it.',
  'password-set': 'The new password is set, and all sessions were ended: sign in with it.',
  'signed-out': 'You are signed out.',
  'owner-exists': 'This platform has an owner already: sign in, or ask for an invitation.',
  'let-in': 'The command line is let in; it goes on by itself.',
  'password-changed': 'Your password is changed, and your other sessions were ended.',
  'codes-off': 'One-time codes are off: your password alone lets you in.',
  'session-ended': 'The session is ended.',
  'sessions-ended': 'All other sessions are ended.',
  disabled: 'They are kept out: their sessions are ended, and their tokens rest.',
  enabled: 'They may come in again.',
  'their-sessions-ended': 'All their sessions are ended.',
  'their-codes-off': 'Their one-time codes are off: their password alone lets them in.',
  'user-removed': 'They are removed; what they did stays in the audit.',
  given: 'It is given, from now on.',
  taken: 'It is taken away, from now on.',
  'team-made': 'The team is there. Who is in it?',
  'team-removed': 'The team is removed, with what it was given.',
  'member-added': 'They are in the team.',
  'member-removed': 'They are out of the team.',
  'role-made': 'The role is there, and can be given.',
  'role-changed': 'The role is changed, for whoever has it.',
  'role-removed': 'The role is removed.',
  'token-revoked': 'The token is revoked: it is good no more.',
  done: 'Done.',
} as const;

export type Said = keyof typeof SENTENCES;

/** The address with something to say there, once: the page’s script takes it out of the address again. */
export const saying = (said: Said, path: string, query: Record<string, string> = {}): string => address(path, { ...query, said });

export function saidIn(key: string | undefined): string | null {
  return key !== undefined && Object.hasOwn(SENTENCES, key) ? SENTENCES[key as Said] : null;
}
