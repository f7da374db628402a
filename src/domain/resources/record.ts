/** What was changed and by whom: events, audit, approvals. */
import { z } from 'zod';
import { type ApprovalSettings, OWN_APPROVALS } from '../approval.ts';
import { actorSchema, approvalId, orderBy, runLinkSchema, timestamp } from './common.ts';

const metadata = z.record(z.string(), z.unknown());

export const eventSchema = z
  .strictObject({ id: z.int().meta({ description: 'The generation' }), type: z.string(), at: timestamp, actor: actorSchema, metadata })
  .meta({ id: 'Event' });
export type Event = z.infer<typeof eventSchema>;

export const auditEntrySchema = z
  .strictObject({
    id: z.int(),
    generation: z.int().nullable(),
    at: timestamp,
    actor: actorSchema,
    action: z.string(),
    subject: z.string(),
    before: metadata.nullable(),
    after: metadata.nullable(),
    reason: z.string().nullable(),
    run: z.string().nullable(),
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntry = z.infer<typeof auditEntrySchema>;

export const auditOrder = orderBy('at');
export type AuditOrder = z.infer<typeof auditOrder>;

export const auditVerdictSchema = z
  .strictObject({
    intact: z.boolean().meta({ description: 'It fits, and has the head that was asked about' }),
    sealed: z.int(),
    unsealed: z.int().meta({ description: 'Newer than the last seal: not covered yet' }),
    brokenAt: z.int().nullable().meta({ description: 'The first entry that does not fit the chain' }),
    head: z.string().nullable().meta({ description: 'Id and hash of the newest sealed entry', example: `1842:${'0'.repeat(64)}` }),
    kept: z.boolean().nullable().meta({ description: 'Whether the head that was asked about is where it was; null when none was' }),
  })
  .meta({ id: 'AuditVerdict' });
export type AuditVerdict = z.infer<typeof auditVerdictSchema>;

export const approvalSettingsSchema = z
  .strictObject({
    own: z.enum(OWN_APPROVALS).meta({ description: 'Whether whoever asked for something may approve it: while-alone means only while no second person could' }),
  })
  .meta({ id: 'ApprovalSettings' }) satisfies z.ZodType<ApprovalSettings>;

export const approvalSchema = z
  .strictObject({
    id: approvalId,
    kind: z.string(),
    subject: z.string(),
    request: z.looseObject({ type: z.string() }).meta({ description: 'What is done when it is approved' }),
    state: z.enum(['pending', 'approved', 'rejected', 'used', 'expired', 'stale'])
      .meta({ description: 'stale: what it is about has changed since it was asked for, so that it cannot be decided any more' }),
    requestedBy: actorSchema,
    requestedAt: timestamp,
    expiresAt: timestamp,
    decidedBy: actorSchema.nullable(),
    decidedAt: timestamp.nullable(),
    run: runLinkSchema.nullable(),
  })
  .meta({ id: 'Approval' });
export type Approval = z.infer<typeof approvalSchema>;

export const approvalOrder = orderBy('requested', 'expires');
export type ApprovalOrder = z.infer<typeof approvalOrder>;

export const approvalDetailSchema = approvalSchema
  .extend({ mayApprove: z.strictObject({ allowed: z.boolean(), why: z.string() }).meta({ description: 'Whether you may approve it, as somebody else than who asked for it' }) })
  .meta({ id: 'ApprovalDetail' });
export type ApprovalDetail = z.infer<typeof approvalDetailSchema>;
