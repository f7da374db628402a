/** The second person (docs/decisions/approvals.md): who asked for something may not be the one who approves it. Pure. */

/** Whether whoever asked may approve it: never, while no second person could, or always. */
export const OWN_APPROVALS = ['never', 'while-alone', 'always'] as const;

export interface ApprovalSettings {
  readonly own: (typeof OWN_APPROVALS)[number];
}

export const APPROVAL_DEFAULTS: ApprovalSettings = { own: 'while-alone' };

/**
 * Who asks or decides: a person, also by a token of theirs or one that they made; a token of which nobody knows who holds
 * it; or Reeve itself.
 */
export interface Party {
  readonly kind: 'person' | 'token' | 'reeve';
  readonly id: string;
  /** As it stands in a sentence: of a person who acts through a platform's token, that token, and who made it. */
  readonly name: string;
}

interface Acting {
  readonly kind: string;
  readonly id: string;
  readonly name: string;
  readonly user?: string | undefined;
}

/**
 * @param actor as it is recorded with everything that is done
 * @param maker of a token that is the platform's own: the person who made it and holds it, as far as anybody knows
 */
export function partyOf({ kind, id, name, user }: Acting, maker: Pick<Party, 'id' | 'name'> | null = null): Party {
  if (kind === 'user') return { kind: 'person', id, name };
  if (user !== undefined) return { kind: 'person', id: user, name };
  if (kind !== 'token') return { kind: 'reeve', id, name };
  return maker ? { kind: 'person', id: maker.id, name: `the token ${name}, which ${maker.name} made,` } : { kind: 'token', id, name };
}

/**
 * Whether this party, who may decide approvals, may approve this one.
 * @param able the enabled people who may decide approvals there
 */
export function mayApprove(asked: Party, by: Party, { own }: ApprovalSettings, able: readonly Pick<Party, 'id' | 'name'>[]): { readonly allowed: boolean; readonly why: string } {
  if (asked.kind === 'reeve') return { allowed: true, why: 'Reeve itself asked for it: one person is enough' };
  if (asked.kind === 'person' && by.kind === 'person' && by.id !== asked.id) return { allowed: true, why: `${asked.name} asked for it, and ${by.name} is another person` };
  if (own === 'always') return { allowed: true, why: 'the platform’s settings let whoever asked approve it' };
  if (own === 'while-alone' && able.length <= 1) return { allowed: true, why: 'there is no second person who could approve it' };
  if (asked.kind === 'token') {
    return { allowed: false, why: `nobody knows who holds the token ${asked.name}, so nobody is known to be another person: ask again as a person, or with a token that one made` };
  }
  const others = able.filter(({ id }) => id !== asked.id).slice(0, 3).map(({ name }) => name);
  const who = others.length === 0 ? 'which nobody here could' : `as ${others.join(', ')} could`;
  return { allowed: false, why: by.kind === 'token' ? `a token that is nobody’s is no second person: somebody else than ${asked.name} must approve it, ${who}`
    : `${asked.name} asked for it: a second person must approve it, ${who}` };
}
