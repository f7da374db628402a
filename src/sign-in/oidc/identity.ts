import { ReeveError } from '../../domain/errors.ts';
import type { OidcSettings } from './settings.ts';

/** Who a person is at the provider: issuer and subject stay, all else may change. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
  readonly email: string;
  readonly name: string;
  /** Names of teams that their groups stand for; null when groups stand for nothing. */
  readonly teams: readonly string[] | null;
  /** Every team that some group stands for: whoever is not in the group is not in the team. */
  readonly mapped: readonly string[];
}

/**
 * What the claims say.
 * @throws ReeveError `forbidden` without an e-mail that the provider has verified: anybody could have typed it there
 */
export function claimsOf(claims: Readonly<Record<string, unknown>>, settings: Pick<OidcSettings, 'issuer' | 'groupsClaim' | 'teams'>): Identity {
  const { sub, email, email_verified: verified, name, [settings.groupsClaim]: groups } = claims;
  if (typeof sub !== 'string' || sub === '') throw new ReeveError('forbidden', 'the provider does not say who you are');
  if (typeof email !== 'string' || !/^[^@\s]+@[^@\s]+$/.test(email)) throw new ReeveError('forbidden', 'the provider tells no e-mail address of yours, by which you could be known here');
  if (verified !== true) throw new ReeveError('forbidden', `the provider has not verified that ${email} is yours: do so there, then come again`);
  const given = Array.isArray(groups) ? groups.filter((each) => typeof each === 'string') : [];
  const teams = settings.teams.size === 0 ? null : [...new Set(given.flatMap((group) => settings.teams.get(group) ?? []))];
  return {
    issuer: settings.issuer, subject: sub, email: email.toLowerCase(), name: typeof name === 'string' && name.trim() !== '' ? name.trim().slice(0, 100) : email,
    teams, mapped: [...new Set(settings.teams.values())],
  };
}
