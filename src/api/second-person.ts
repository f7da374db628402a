import type { Actor } from '../database/change.ts';
import { listHolders } from '../database/grants.ts';
import type { Queryable } from '../database/pool.ts';
import { readPlatformSettings } from '../database/read/platform-settings.ts';
import { makerOfToken } from '../database/tokens.ts';
import { mayApprove, type Party, partyOf } from '../domain/approval.ts';
import { ReeveError } from '../domain/errors.ts';
import { type Resource, whoCan } from '../domain/permission.ts';

interface Decision {
  readonly allowed: boolean;
  readonly why: string;
}

/**
 * Whether somebody who may decide approvals may approve what was asked for, as a second person.
 * @param on what it is about: whoever may decide approvals there could
 */
export async function mayBeSecond(db: Queryable, { asked, by, on }: { asked: Actor; by: Actor; on: Resource }): Promise<Decision> {
  return await decide(db, await askerOf(db, asked), partyOf(by), on);
}

/** That what is asked for could be approved by anybody at all: what could not does not wait. @throws ReeveError `forbidden` */
export async function requireKnownAsker(db: Queryable, asked: Actor, on: Resource): Promise<void> {
  const asker = await askerOf(db, asked);
  if (asker.kind !== 'token') return;
  const { allowed, why } = await decide(db, asker, asker, on);
  if (!allowed) throw new ReeveError('forbidden', why);
}

async function askerOf(db: Queryable, asked: Actor): Promise<Party> {
  const isPlatforms = asked.kind === 'token' && asked.user === undefined;
  return partyOf(asked, isPlatforms ? await makerOfToken(db, asked.id) : null);
}

async function decide(db: Queryable, asked: Party, by: Party, on: Resource): Promise<Decision> {
  const people = (await listHolders(db, on)).filter(({ kind }) => kind === 'user');
  const able = whoCan(people, 'approval:decide', on, new Date()).map(({ who: { id, called } }) => ({ id, name: called }));
  return mayApprove(asked, by, (await readPlatformSettings(db)).approvals, able);
}
