/** Open problems, what was decided about them, and what may be done by itself. */
import { z } from 'zod';
import { REMEDIATION_MODES, type RemediationSettings } from '../budget.ts';
import { actorSchema, containerId, orderBy, runLinkSchema, siteId, timestamp } from './common.ts';

export const remediationSettingsSchema = z
  .strictObject({
    mode: z.enum(REMEDIATION_MODES).meta({ description: 'auto acts; approve asks before it replaces a container; observe only says what it would do' }),
    perHour: z.int().min(0).max(60).meta({ description: 'Replacements in a rolling hour' }),
    floor: z.int().min(0).max(1_000).meta({ description: 'Healthy containers that must be left beside the one that is replaced' }),
    breakerContainers: z.int().min(2).max(1_000).meta({ description: 'So many containers failing at once stop all replacing' }),
    breakerPercent: z.int().min(1).max(100).meta({ description: 'So many percent of the sites failing at once stop all replacing' }),
    cooldownMinutes: z.int().min(0).max(1_440).meta({ description: 'Between a replacement’s end and the next, and between tries to regenerate' }),
  })
  .meta({ id: 'RemediationSettings', description: 'What Reeve may do about a fault by itself' }) satisfies z.ZodType<RemediationSettings>;

const details = z.record(z.string(), z.unknown());

export const incidentSchema = z
  .strictObject({
    id: z.int(),
    subject: z.string().meta({ example: 'container:c012345678' }),
    cause: z.string().meta({ example: 'sites-down' }),
    severity: z.enum(['info', 'warning', 'critical']),
    state: z.enum(['open', 'acknowledged', 'closed']),
    title: z.string(),
    site: siteId.nullable(),
    container: containerId.nullable(),
    incarnation: z.int().nullable(),
    evidence: details,
    timeline: z.array(z.looseObject({ at: timestamp, what: z.string() })).meta({ description: 'Newest last; the latest 50' }),
    openedAt: timestamp,
    seenAt: timestamp,
    acknowledgedBy: actorSchema.nullable(),
    acknowledgedAt: timestamp.nullable(),
    closedAt: timestamp.nullable(),
    closedWhy: z.string().nullable(),
  })
  .meta({ id: 'Incident' });
export type Incident = z.infer<typeof incidentSchema>;

export const incidentOrder = orderBy('opened');
export type IncidentOrder = z.infer<typeof incidentOrder>;

export const remediationSchema = z
  .strictObject({
    id: z.int(),
    at: timestamp,
    incident: z.int().nullable(),
    container: containerId.nullable(),
    incarnation: z.int().nullable(),
    action: z.enum(['none', 'regenerate', 'replace']),
    decision: z.enum(['acted', 'refused', 'observed', 'awaiting-approval']),
    reason: z.string(),
    facts: details,
    result: z.string().nullable(),
    endedAt: timestamp.nullable(),
    run: runLinkSchema.nullable(),
  })
  .meta({ id: 'Remediation', description: 'One decision about an incident; also the ones not to act' });
export type Remediation = z.infer<typeof remediationSchema>;

export const remediationOrder = orderBy('at');
export type RemediationOrder = z.infer<typeof remediationOrder>;

export const acknowledgeSchema = z.strictObject({ note: z.string().trim().min(1).max(500).optional() }).meta({ id: 'Acknowledge' });
