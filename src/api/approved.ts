/** What is done once it is approved, by the request that it was asked for with. */
import { noteApprovalRun } from '../database/approvals.ts';
import type { Actor } from '../database/change.ts';
import type { Queryable } from '../database/pool.ts';
import { recordAnswer } from '../database/remediations.ts';
import type { Asking } from '../database/requests/asking.ts';
import { requestReplaceContainer } from '../database/requests/replace-container.ts';
import { requestDeleteSite, requestPurgeSite } from '../database/requests/site-life.ts';
import { ReeveError } from '../domain/errors.ts';
import type { Approval } from '../domain/resources/record.ts';
import type { RunInputs } from '../domain/run.ts';

/**
 * Request the run that was approved, and note it.
 * @returns its id
 * @throws ReeveError as the request does, where its subject is not as it was: then nothing is decided either
 */
export async function doApproved(db: Queryable, { id, request, requestedBy }: Approval, actor: Actor): Promise<string> {
  const asking: Asking = { db, actor, approval: id, reason: `${requestedBy.name} asked for it` };
  const { run } = await ask(asking, id, request);
  if (request.type === 'replaceContainer') {
    await recordAnswer(db, { action: 'replace', decision: 'acted', reason: `${actor.name} has approved it` },
      { ...(request.input as RunInputs['replaceContainer']), run, by: actor });
  }
  await noteApprovalRun(db, id, run);
  return run;
}

async function ask(asking: Asking, id: string, { type, input, rev }: Approval['request']): Promise<{ run: string }> {
  switch (type) {
    case 'replaceContainer': return await requestReplaceContainer(asking, input as RunInputs['replaceContainer']);
    case 'deleteSite': return await requestDeleteSite(asking, (input as RunInputs['deleteSite']).site);
    case 'purgeSite': return await requestPurgeSite({ ...asking, rev: rev as number }, (input as RunInputs['purgeSite']).site);
    default: throw new ReeveError('internal', `approval ${id} is for ${type}, which nothing here does`);
  }
}
