import { z } from 'zod';
import { decideApproval, listApprovals, readApproval } from '../../database/approvals.ts';
import { within } from '../../database/pool.ts';
import { lastOf, orderedPage } from '../../database/read/page.ts';
import { recordAnswer } from '../../database/remediations.ts';
import { ReeveError } from '../../domain/errors.ts';
import { can } from '../../domain/permission.ts';
import { pageOf, pageQuery } from '../../domain/resources/common.ts';
import { approvalDetailSchema, approvalOrder, approvalSchema } from '../../domain/resources/record.ts';
import { runType } from '../../domain/resources/run.ts';
import { REJECTED } from '../../domain/remediation.ts';
import type { RunInputs } from '../../domain/run.ts';
import { resourceOfSubject } from '../../domain/subject.ts';
import { doApproved } from '../approved.ts';
import { route } from '../route.ts';
import { mayBeSecond } from '../second-person.ts';

const tag = 'Approvals';
const params = z.strictObject({ approval: z.string().max(64) });

export const approvalRoutes = [
  route({
    method: 'GET', path: '/approvals', action: 'approval:read', on: 'any', tag, summary: 'What waits, or waited, for a decision', status: 200,
    query: z.strictObject({
      ...pageQuery, state: approvalSchema.shape.state.optional(),
      type: runType.optional().meta({ description: 'What is done once it is approved' }),
      incident: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional().meta({ description: 'Asked for because of this one' }), sort: approvalOrder.default('-requested'),
    }),
    answer: pageOf(approvalSchema, 'Approval'),
    async handle({ db, sites, query: { limit, cursor, ...filter } }) {
      const rows = await listApprovals(db, { ...filter, limit, after: lastOf(cursor), sites });
      return { body: orderedPage(rows, limit, ({ approval }) => approval, ({ id }) => id) };
    },
  }),
  route({
    method: 'GET', path: '/approvals/{approval}', action: 'approval:read', on: 'approval', tag, summary: 'One of them', status: 200,
    params, answer: approvalDetailSchema,
    async handle({ db, params: { approval: id }, actor, grantee }) {
      const approval = await readApproval(db, id);
      const on = resourceOfSubject(approval.subject);
      const { allowed, why } = can(grantee, 'approval:decide', on, new Date());
      const mayApprove = allowed ? await mayBeSecond(db, { asked: approval.requestedBy, by: actor, on }) : { allowed, why };
      return { body: { ...approval, mayApprove } };
    },
  }),
  route({
    method: 'POST', path: '/approvals/{approval}/approve', action: 'approval:decide', on: 'approval', tag, status: 202,
    summary: 'Approve it, and do what it was asked for', params, answer: approvalSchema,
    description: 'Who asked for something cannot approve it; a second person can. The setting `approvals.own` says whether that holds where there is none.',
    // The decision, what it allows and its run are one transaction: an approval that came too late decides nothing.
    handle: ({ db, params: { approval: id }, actor }) => within(db, async (db) => {
      const approval = await decideApproval(db, id, 'approved', actor);
      const { allowed, why } = await mayBeSecond(db, { asked: approval.requestedBy, by: actor, on: resourceOfSubject(approval.subject) });
      if (!allowed) throw new ReeveError('forbidden', why, { approval: id });
      const run = await doApproved(db, approval, actor);
      return { body: await readApproval(db, id), run };
    }),
  }),
  route({
    method: 'POST', path: '/approvals/{approval}/reject', action: 'approval:decide', on: 'approval', tag, summary: 'Reject it', status: 200,
    params, answer: approvalSchema,
    handle: ({ db, params: { approval: id }, actor }) => within(db, async (db) => {
      const { request } = await decideApproval(db, id, 'rejected', actor);
      if (request.type === 'replaceContainer') await recordAnswer(db, REJECTED, { ...(request.input as RunInputs['replaceContainer']), by: actor });
      return { body: await readApproval(db, id) };
    }),
  }),
];
