/** What is refused until somebody approves it, and the asking that goes with the refusal. */
import { type Ask, askApproval } from '../database/approvals.ts';
import type { Pool } from '../database/pool.ts';
import { type Requested, requestPurgeSite, requirePurgeable } from '../database/requests/site-life.ts';
import { isReeveError, ReeveError } from '../domain/errors.ts';
import { hrefOf } from '../domain/resources/links.ts';
import { resourceOfSubject } from '../domain/subject.ts';
import type { Call } from './route.ts';
import { mayBeSecond, requireKnownAsker } from './second-person.ts';

/**
 * Thrown inside a request's transaction, which is lost with what was refused: so the approval is asked for after it, when
 * its connection is back in the pool. Asked for inside, on a second connection, sixteen such requests at once held all.
 */
export class ApprovalNeeded extends ReeveError {
  readonly #ask: Ask;
  constructor(refused: ReeveError, ask: Ask) {
    super('approval-needed', refused.message, refused.fields, refused);
    this.#ask = ask;
  }

  /** The same refusal, with the approval that waits now. @throws ReeveError `forbidden` when nobody could ever give it */
  async asked(pool: Pool): Promise<ReeveError> {
    const { by, subject } = this.#ask;
    await requireKnownAsker(pool, by, resourceOfSubject(subject));
    const approval = await askApproval(pool, this.#ask);
    return new ReeveError('approval-needed', `${this.message}: approval ${approval} decides`, { ...this.fields, approval, href: hrefOf.approval(approval) }, this);
  }
}

/** Do it, or have it asked for where it is refused without an approval. @throws ApprovalNeeded, and the work's own */
export async function orAsk<T>(ask: Ask, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isReeveError(error, 'approval-needed') ? new ApprovalNeeded(error, ask) : error;
  }
}

/** Request a purge, or ask a second person where there could be one: by its own route, and where a failed one is retried. */
export async function askPurge({ db, actor, asking }: Pick<Call<never, never, never>, 'db' | 'actor' | 'asking'>, site: string): Promise<Requested> {
  const { allowed, why } = await mayBeSecond(db, { asked: actor, by: actor, on: { site } });
  if (allowed) return await requestPurgeSite(asking(), site);
  const rev = await requirePurgeable(db, site);
  throw new ApprovalNeeded(new ReeveError('approval-needed', why), { kind: 'purge', subject: `site:${site}`, by: actor, request: { type: 'purgeSite', input: { site }, rev } });
}
