import { z } from 'zod';
import { STEPS, type RunType } from '../run.ts';
import { actorSchema, orderBy, runId, runState, timestamp } from './common.ts';

export const runType = z.enum(Object.keys(STEPS) as [RunType, ...RunType[]]);

export const runOrder = orderBy('requested');
export type RunOrder = z.infer<typeof runOrder>;

export const runSchema = z
  .strictObject({
    id: runId,
    type: runType,
    subject: z.string().meta({ example: 'site:s012345678' }),
    site: z.string().nullable(),
    state: runState,
    input: z.record(z.string(), z.unknown()),
    actor: actorSchema,
    steps: z.array(
      z.strictObject({
        name: z.string(),
        state: z.enum(['running', 'completed', 'failed', 'cancelled']),
        startedAt: timestamp,
        endedAt: timestamp.nullable(),
        message: z.string().nullable(),
      }),
    ),
    progress: z.number().min(0).max(1),
    result: z.record(z.string(), z.unknown()).nullable(),
    error: z.looseObject({ type: z.string(), message: z.string() }).nullable(),
    cancelRequested: z.boolean(),
    requestedAt: timestamp,
    claimedAt: timestamp.nullable(),
    endedAt: timestamp.nullable(),
    temporalUrl: z.string().nullable(),
  })
  .meta({ id: 'Run' });
export type Run = z.infer<typeof runSchema>;

/** Completed steps of all that its type has; a run that completed is whole, whatever it skipped. */
export function runProgress(type: RunType, state: Run['state'], steps: readonly { readonly state: string }[]): number {
  if (state === 'completed') return 1;
  const done = steps.filter((step) => step.state === 'completed').length;
  return Math.min(1, done / STEPS[type].length);
}
