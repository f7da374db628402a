import { z } from 'zod';
import type { ScalingPolicy } from '../scaling.ts';
import { timestamp } from './common.ts';

const target = (schema: z.ZodNumber, what: string) => schema.nullable().meta({ description: `${what} a container should carry; null: does not count` });
const share = z.number().gt(0).max(1);
const count = z.int().min(1).max(1_000);

/** Each field by itself; whether they fit each other is asked of the whole (`scalingContradictions`). */
export const scalingSchema = z
  .strictObject({
    mode: z.enum(['off', 'on']),
    min: count.meta({ description: 'Site containers at least' }),
    max: count.meta({ description: 'Site containers at most' }),
    targets: z.strictObject({
      cpu: target(share, 'The share of its cores that'),
      memory: target(share, 'The share of its memory that'),
      awake: target(z.number().min(1).max(100_000), 'How many awake sites'),
      requests: target(z.number().gt(0).max(1_000_000), 'How many requests a second'),
    }),
    tolerance: z.number().min(0).max(0.5).meta({ description: 'How far from its target a measure may be before it counts, as a share of it' }),
    stabilisation: z.int().min(0).max(86_400).meta({ description: 'Seconds for which fewer must have been enough before one is drained' }),
  })
  .meta({ id: 'Scaling' }) satisfies z.ZodType<ScalingPolicy>;

/** A look at the size of the cluster, and what was decided: also not to act, and why. */
export const sizingSchema = z
  .strictObject({
    at: timestamp,
    containers: z.int().min(0),
    enough: z.int().nullable().meta({ description: 'How many the load asked for, within the bounds; null when nothing was measured' }),
    action: z.enum(['none', 'launch', 'drain']),
    reason: z.string(),
    container: z.string().nullable(),
    run: z.string().nullable(),
  })
  .meta({ id: 'Sizing' });
export type SizingRow = z.infer<typeof sizingSchema>;
