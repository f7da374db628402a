/** What waits for a person: asked for by a request or a run that was refused, decided once, used once. */
import { ReeveError } from '../domain/errors.ts';
import { runLink, type RunRef } from '../domain/resources/links.ts';
import type { Approval, ApprovalOrder } from '../domain/resources/record.ts';
import type { Actor } from './change.ts';
import { translated } from './errors.ts';
import { newId } from './new-id.ts';
import { type Queryable, within } from './pool.ts';
import { afterLast, inOrder, keyed, type Last, orderOf, valuesOf } from './read/order.ts';
import { writeAudit } from './write-audit.ts';

type Row = Omit<Approval, 'requestedAt' | 'expiresAt' | 'decidedAt' | 'run'> & {
  requestedAt: Date; expiresAt: Date; decidedAt: Date | null; run: RunRef | null;
};

const SELECT = `
  select a.id, a.kind, a.subject, a.request, a.requested_by as "requestedBy", a.requested_at as "requestedAt",
    a.standing as state, a.expires_at as "expiresAt", a.decided_by as "decidedBy", a.decided_at as "decidedAt",
    (select jsonb_build_object('id', r.id, 'type', r.type, 'state', r.state) from run r where r.id = a.run) as run
  from approval_standing a`;

export interface Ask {
  readonly kind: string;
  readonly subject: string;
  /** The run that is requested once it is approved: its type and input, and for which rev of its subject. */
  readonly request: { readonly type: string; readonly input: unknown; readonly rev?: number };
  readonly by: Actor;
}

/** Ask for an approval; the pending one where the same was asked before, also at this moment. @returns its id */
export async function askApproval(db: Queryable, { kind, subject, request, by }: Ask): Promise<string> {
  return await within(db, async (db) => {
    await translated(db.query(
      `update approval a set state = s.standing from approval_standing s
       where s.id = a.id and a.kind = $1 and a.subject = $2 and a.state = 'pending' and s.standing <> 'pending'`, [kind, subject]));
    // Another one's, not committed yet, is waited for; should it be decided between the two statements, this is a new one.
    for (;;) {
      const id = newId('a');
      const { rowCount } = await translated(db.query(
        `insert into approval (id, kind, subject, request, requested_by) values ($1, $2, $3, $4, $5) on conflict (kind, subject) where state = 'pending' do nothing`,
        [id, kind, subject, JSON.stringify(request), JSON.stringify(by)]));
      if (rowCount) {
        await writeAudit(db, { actor: by, action: 'approval.asked', subject: `approval:${id}`, after: { kind, subject, type: request.type } });
        return id;
      }
      const { rows: [asked] } = await translated(db.query<{ id: string }>(
        `select id from approval where kind = $1 and subject = $2 and state = 'pending'`, [kind, subject]));
      if (asked) return asked.id;
    }
  });
}

/** @throws ReeveError `not-found`, `unavailable` */
export async function readApproval(db: Queryable, id: string): Promise<Approval> {
  const { rows } = await translated(db.query<Row>(`${SELECT} where a.id = $1`, [id]));
  if (!rows[0]) throw new ReeveError('not-found', `there is no approval ${id}`, { approval: id });
  return toResource(rows[0]);
}

const ORDERS = { requested: { key: 'a.requested_at', type: 'timestamptz' }, expires: { key: 'a.expires_at', type: 'timestamptz' } } as const;

export interface ApprovalFilter {
  readonly limit: number;
  readonly after?: Last | null;
  readonly state?: string | undefined;
  /** The type of the run that is done once it is approved. */
  readonly type?: string | undefined;
  /** The incident that it was asked for because of. */
  readonly incident?: number | undefined;
  /** Only these sites' are to be seen; undefined: all, also the platform's. */
  readonly sites?: readonly string[] | undefined;
  readonly sort?: ApprovalOrder;
}

/** Approvals in order, newest first unless said otherwise, each with its key; one more than `limit` when there is a next page. */
export async function listApprovals(
  db: Queryable, { limit, after, state, type, incident, sites, sort = '-requested' }: ApprovalFilter,
): Promise<{ approval: Approval; key: string }[]> {
  const order = orderOf(ORDERS, sort);
  const { rows } = await translated(db.query<Row & { key: string }>(
    `${keyed(SELECT, order)}
     where ${afterLast(order, 'a.id', 2)} and ($4::text is null or a.standing = $4) and ($5::text is null or a.request ->> 'type' = $5)
       and ($7::text is null or a.request -> 'input' ->> 'incident' = $7) and ($6::text[] is null or (a.subject like 'site:%' and substr(a.subject, 6) = any($6))) ${inOrder(order, 'a.id')} limit $1`,
    [limit + 1, ...valuesOf(order, after), state ?? null, type ?? null, sites ?? null, incident === undefined ? null : String(incident)]));
  return rows.map(({ key, ...row }) => ({ key, approval: toResource(row) }));
}

/** Why it cannot be decided any more, where nobody has decided it. */
const OVER: Readonly<Record<string, string>> = {
  expired: 'has expired: ask again',
  stale: 'is stale: what it is about has changed since it was asked for',
};

/**
 * Decide a pending one. Inside a transaction whose later part fails, it stays pending.
 * @throws ReeveError `not-found`, `conflict` when it is decided, has expired or is stale, `unavailable`
 */
export async function decideApproval(db: Queryable, id: string, decision: 'approved' | 'rejected', by: Actor): Promise<Approval> {
  const { rowCount } = await translated(db.query(
    `update approval set state = $2, decided_by = $3, decided_at = clock_timestamp()
     where id = $1 and state = 'pending' and exists (select 1 from approval_standing a where a.id = $1 and a.standing = 'pending')`,
    [id, decision, JSON.stringify(by)]));
  const approval = await readApproval(db, id);
  if (!rowCount) throw new ReeveError('conflict', `approval ${id} ${OVER[approval.state] ?? `is ${approval.state} already`}`, { approval: id });
  await writeAudit(db, { actor: by, action: `approval.${decision}`, subject: `approval:${id}`, after: { kind: approval.kind, subject: approval.subject } });
  return approval;
}

/** Note what an approval led to. */
export async function noteApprovalRun(db: Queryable, id: string, run: string): Promise<void> {
  await translated(db.query(`update approval set run = $2, state = 'used' where id = $1`, [id, run]));
}

function toResource(row: Row): Approval {
  return {
    ...row,
    requestedAt: row.requestedAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    decidedAt: row.decidedAt?.toISOString() ?? null,
    run: row.run ? runLink(row.run) : null,
  };
}
