/** Signing in through somebody else's OpenID Connect provider: told by the environment, as a whole or not at all. */
import { readFileSync } from 'node:fs';
import type { Config } from '../../config.ts';
import { ReeveError } from '../../domain/errors.ts';

export type OidcConfig = Pick<Config,
  'REEVE_OIDC_ISSUER' | 'REEVE_OIDC_CLIENT_ID' | 'REEVE_OIDC_CLIENT_SECRET_FILE' | 'REEVE_OIDC_NAME' | 'REEVE_OIDC_SCOPE'
  | 'REEVE_OIDC_GROUPS_CLAIM' | 'REEVE_OIDC_TEAMS'>;

export interface OidcSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What the button says. */
  readonly name: string;
  readonly scope: string;
  readonly groupsClaim: string;
  /** A group there → a team here, by its name. Empty: teams are nobody's but Reeve's. */
  readonly teams: ReadonlyMap<string, string>;
}

/**
 * Null when no issuer is given.
 * @throws ReeveError `invalid` when it is given in part, or cannot be used
 */
export function readOidcSettings(config: OidcConfig): OidcSettings | null {
  const { REEVE_OIDC_ISSUER: issuer, REEVE_OIDC_CLIENT_ID: clientId, REEVE_OIDC_CLIENT_SECRET_FILE: file } = config;
  if (issuer === undefined) return null;
  if (clientId === undefined || file === undefined) throw wrong('REEVE_OIDC_ISSUER takes REEVE_OIDC_CLIENT_ID and REEVE_OIDC_CLIENT_SECRET_FILE with it');
  const { protocol } = new URL(issuer);
  if (protocol !== 'https:' && !isLoopback(issuer)) throw wrong('REEVE_OIDC_ISSUER begins with https://, since whoever reads along could sign in as anybody');
  return {
    issuer, clientId, clientSecret: readSecret(file), name: config.REEVE_OIDC_NAME, scope: config.REEVE_OIDC_SCOPE,
    groupsClaim: config.REEVE_OIDC_GROUPS_CLAIM, teams: readTeams(config.REEVE_OIDC_TEAMS),
  };
}

export function isLoopback(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return protocol === 'http:' && /^(127(\.\d+){3}|\[::1\]|localhost)$/.test(hostname);
}

function readSecret(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw wrong(`REEVE_OIDC_CLIENT_SECRET_FILE cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
  if (text === '') throw wrong('REEVE_OIDC_CLIENT_SECRET_FILE is empty');
  return text;
}

/** `group=team, other group=other team` */
function readTeams(text: string | undefined): Map<string, string> {
  const pairs = (text ?? '').split(',').map((pair) => pair.trim()).filter(Boolean);
  return new Map(pairs.map((pair) => {
    const [, group, team] = /^(.+?)\s*=\s*(.+)$/.exec(pair) ?? [];
    if (group === undefined || team === undefined) throw wrong(`REEVE_OIDC_TEAMS is like group=team,other=team, not ${JSON.stringify(pair)}`);
    return [group, team];
  }));
}

const wrong = (message: string): ReeveError => new ReeveError('invalid', message);
