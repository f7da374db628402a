import type { Page as List } from '../../domain/resources/common.ts';
import type { Approval, ApprovalDetail } from '../../domain/resources/record.ts';
import { approvalSchema } from '../../domain/resources/record.ts';
import { siteOfSubject } from '../../domain/subject.ts';
import { path } from '../address.ts';
import { type Column, columnsOf } from '../columns.ts';
import { requireTyped } from '../form.ts';
import { action, page, type View } from '../page.ts';
import { choices, pagingOf } from '../parts.ts';
import { type Said, saying } from '../said.ts';
import { siteNames, subjectOf } from '../subjects.ts';
import { spaced } from '../words.ts';

const COLUMNS: readonly Column[] = [
  { label: 'What' }, { label: 'About' }, { label: 'State' }, { label: 'Asked', by: 'requested', down: true, wide: true }, { label: 'Decided by, or ends', by: 'expires', wide: true },
];

const list = page({
  path: '/approvals',
  async handle({ routes, query }) {
    const { state, type, sort = '-requested', cursor } = query;
    const approvals = await routes.get<List<Approval>>('/approvals', { query: { state, type, sort, cursor } });
    const names = await siteNames(routes, approvals.items.map(({ subject }) => siteOfSubject(subject)));
    return {
      template: 'approvals', title: 'Approvals',
      data: {
        approvals: approvals.items.map((each) => ({ ...each, about: subjectOf(each.subject, names) })), filtered: Boolean(state || type), sort,
        states: choices('Any state', approvalSchema.shape.state.options, spaced, state), types: choices('Any kind', Object.keys(WILL), spaced, type),
        columns: columnsOf('/approvals', query, sort, COLUMNS), paging: pagingOf('/approvals', query, approvals),
      },
    };
  },
});

const one = page({
  path: '/approvals/{approval}',
  async handle(view) {
    const { approval, site, about, asks } = await asked(view);
    return {
      template: 'approval', title: `Approval: ${spaced(approval.request.type)}`,
      data: {
        approval, about, will: WILL[approval.request.type] ?? [], asks,
        mayDecide: approval.state === 'pending' && view.may('approval:decide', site === null ? {} : { site }),
      },
    };
  },
});

/** The approval that the address names; `asks` is the name that is typed before it is given, where what it lets happen takes data away. */
async function asked({ routes, params }: View) {
  const approval = await routes.get<ApprovalDetail>('/approvals/{approval}', { params: { approval: params.approval! } });
  const site = siteOfSubject(approval.subject);
  const about = subjectOf(approval.subject, await siteNames(routes, [site]));
  return { approval, site, about, asks: TAKES_AWAY.has(approval.request.type) ? about.text : null };
}

/** What approving does, said before it is done. */
const WILL: Readonly<Record<string, readonly string[]>> = {
  replaceContainer: ['Another container is launched first, and takes traffic once it probes well.', 'Then the old one is drained and ended. Nothing is lost.'],
  deleteSite: ['The site is served no more, in any container.', 'Its database and files are locked and kept for 7 days, in which it can be restored.'],
  purgeSite: ['Its database is dropped and its files are removed, for good.', 'Nobody can bring them back.'],
};

const TAKES_AWAY: ReadonlySet<string> = new Set(['deleteSite', 'purgeSite']);

const decided = (id: string, run: string | undefined, said: Said) => ({ redirect: run === undefined ? saying(said, path`/approvals/${id}`) : path`/runs/${run}` });

const approve = action({
  path: '/approvals/{approval}/approve', from: one,
  async handle(view) {
    const { approval: { id, mayApprove }, asks } = await asked(view);
    // Whoever may not is told so by the route, whatever they typed.
    if (asks !== null && mayApprove.allowed) requireTyped(view.form, asks, 'nothing was done: the name does not match');
    const { run } = await view.routes.send('POST', '/approvals/{approval}/approve', { params: { approval: id } });
    return decided(id, run, 'done');
  },
});

const reject = action({
  path: '/approvals/{approval}/reject', from: one,
  async handle({ routes, params: { approval } }) {
    const { run } = await routes.send('POST', '/approvals/{approval}/reject', { params: { approval: approval! } });
    return decided(approval!, run, 'rejected');
  },
});

export const approvalPages = [list, one, approve, reject];
