import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import type { Pool } from '../database/pool.ts';
import { readRun, type RunRow } from '../database/run.ts';
import { markStarted } from '../database/runs/open.ts';
import type { RunOrder } from '../domain/run.ts';
import { asked } from './away.ts';
import { CONTROL_QUEUE } from './names.ts';
import { searchAttributes } from './search-attributes.ts';

/** No run goes on for longer; a step that waits for a person or for days is a run of its own. */
const LONGEST_RUN = '26 hours';

/**
 * Hand a requested run to Temporal. Its id is the workflow's id and is never started twice; one that is started, or
 * over, is left as it is. So anyone may call this at any time, and several at once.
 * @returns whether this call started it
 * @throws ReeveError `unavailable` when Temporal or Postgres is away: the run is kept, and a sweep starts it later
 */
export async function startRun(client: Client, pool: Pool, runId: string): Promise<boolean> {
  const run = await readRun(pool, runId);
  if (run?.state !== 'requested') return false;
  const order: RunOrder = { run: run.id, input: run.input };
  let started = true;
  try {
    await asked(client, () => client.workflow.start(run.type, {
      workflowId: run.id,
      taskQueue: CONTROL_QUEUE,
      args: [order],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      workflowExecutionTimeout: LONGEST_RUN,
      staticSummary: `${run.type} ${run.subject}`,
      staticDetails: details(run),
      typedSearchAttributes: new TypedSearchAttributes(searchAttributes(attributesOf(run))),
    }));
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    started = false;
  }
  await markStarted(pool, run.id);
  return started;
}

function attributesOf(run: RunRow) {
  const input = run.input as { hostname?: string; container?: string };
  return {
    SiteId: run.site ?? undefined,
    Hostname: input.hostname,
    ContainerId: input.container,
    TriggeredBy: `${run.actor.kind}:${run.actor.id}`,
  };
}

/** Ids only: everyone who can open the UI reads this. */
function details({ type, subject, input, actor }: RunRow): string {
  const given = Object.entries(input).map(([name, value]) => `- ${name}: \`${typeof value === 'string' || typeof value === 'number' ? value : JSON.stringify(value)}\``);
  return [`**${type}** of ${subject}, asked for by ${actor.kind} \`${actor.id}\``, '', ...given].join('\n').slice(0, 4_000);
}
