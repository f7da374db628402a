import { z } from 'zod';
import { orderBy, timestamp } from './common.ts';

const kind = z.enum(['missing', 'changed', 'extra']);
const diff = z.string().nullable().meta({ description: 'A unified diff; secrets are masked, and of a site’s own files only the keys show' });
const verdict = z.enum(['same', 'drift', 'unknown']);

export const driftEntrySchema = z
  .strictObject({
    id: z.int(), incarnation: z.int(), path: z.string(), kind, diff,
    foundBy: z.enum(['agent', 'check']), foundAt: timestamp, mendedAt: timestamp.nullable(),
  })
  .meta({ id: 'Drift' });
export type DriftEntry = z.infer<typeof driftEntrySchema>;

export const driftOrder = orderBy('at');
export type DriftOrder = z.infer<typeof driftOrder>;

export const integrityCheckSchema = z
  .strictObject({
    incarnation: z.int(), at: timestamp, verdict, reason: z.string().nullable(), files: z.int(), drifted: z.int(),
    since: timestamp.meta({ description: 'When the verdict became this one' }),
  })
  .meta({ id: 'IntegrityCheck' });
export type IntegrityCheck = z.infer<typeof integrityCheckSchema>;

export const integrityReportSchema = z
  .strictObject({
    container: z.string(), incarnation: z.int(), verdict, reason: z.string().nullable(),
    files: z.int().meta({ description: 'How many were compared' }),
    leftOut: z.int().meta({ description: 'Sites of which nothing was compared: quarantined, or on their way' }),
    drift: z.array(z.strictObject({ path: z.string(), kind, diff })),
  })
  .meta({ id: 'IntegrityReport', description: 'A container’s files and processes as they are now, against what Postgres says' });
export type IntegrityReport = z.infer<typeof integrityReportSchema>;

export const containerDriftSchema = z
  .strictObject({
    now: integrityReportSchema,
    last: integrityCheckSchema.nullable().meta({ description: 'The last check that was recorded' }),
    items: z.array(driftEntrySchema).meta({ description: 'What was found before, newest first unless asked otherwise' }),
    next: z.string().nullable(),
  })
  .meta({ id: 'ContainerDrift' });
export type ContainerDrift = z.infer<typeof containerDriftSchema>;

export const regenerateContainerSchema = z
  .strictObject({
    incarnation: z.int().min(0).optional().meta({ description: 'Refuse when it has started again meanwhile' }),
    reason: z.string().max(500).optional().meta({ description: 'Why, for the audit' }),
  })
  .meta({ id: 'RegenerateContainer' });
