import type { LinkPurpose, NewLink } from '../database/one-time-links.ts';
import type { UserRow } from '../database/users.ts';
import type { ApiConfig } from './deps.ts';

const PAGE: Readonly<Record<LinkPurpose, string>> = { invitation: '/invite', reset: '/reset' };

/** A new link as it is shown, once, to whoever asked for it; without REEVE_URL its address is the path alone. */
export function oneTimeLink({ REEVE_URL }: ApiConfig, purpose: LinkPurpose, { id, name, email }: Pick<UserRow, 'id' | 'name' | 'email'>, link: NewLink) {
  const path = `${PAGE[purpose]}/${link.text}`;
  return {
    id: link.id, user: { id, name, email }, endsAt: link.endsAt.toISOString(), path, url: REEVE_URL ? `${REEVE_URL.replace(/\/+$/, '')}${path}` : path,
  };
}
