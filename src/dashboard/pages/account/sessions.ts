import type { z } from 'zod';
import type { Page as List } from '../../../domain/resources/common.ts';
import type { sessionSchema } from '../../../domain/resources/people.ts';
import { type Column, columnsOf } from '../../columns.ts';
import { action, page } from '../../page.ts';
import { pagingOf } from '../../parts.ts';
import { saying } from '../../said.ts';
import { browserOf } from './browser-of.ts';
import { accountTabs } from './tabs.ts';

export type Session = z.infer<typeof sessionSchema>;

const COLUMNS: readonly Column[] = [
  { label: 'Browser' }, { label: 'Last seen', by: 'seen', down: true }, { label: 'Signed in', by: 'created', down: true, wide: true },
  { label: 'End it', right: true, unseen: true },
];

/** Sessions as people know them. */
export const sessionRows = (sessions: readonly Session[]) => sessions.map((session) => ({ ...session, browser: browserOf(session.agent) }));

/** The one that asks is seen now; that it was is written down only now and then. */
const seenNow = (sessions: readonly Session[]) => sessions.toSorted((a, b) => Number(b.current) - Number(a.current));

const sessions = page({
  path: '/account/sessions',
  async handle({ routes, query }) {
    const { sort = '-seen', cursor } = query;
    const list = await routes.get<List<Session>>('/me/sessions', { query: { sort, cursor } });
    return {
      template: 'account-sessions', title: 'Sessions',
      data: {
        sessions: sessionRows(sort === '-seen' ? seenNow(list.items) : list.items), others: cursor !== undefined || list.next !== null || list.items.some(({ current }) => !current),
        columns: columnsOf('/account/sessions', query, sort, COLUMNS), paging: pagingOf('/account/sessions', query, list), tabs: accountTabs('/account/sessions'),
      },
    };
  },
});

const endOne = action({
  path: '/account/sessions/end', from: sessions,
  async handle({ routes, form }) {
    await routes.send('DELETE', '/me/sessions/{session}', { params: { session: form.session ?? '' } });
    return { redirect: saying('session-ended', '/account/sessions') };
  },
});

const endOthers = action({
  path: '/account/sessions/end-others', from: sessions,
  async handle({ routes }) {
    await routes.send('DELETE', '/me/sessions');
    return { redirect: saying('sessions-ended', '/account/sessions') };
  },
});

export const sessionPages = [sessions, endOne, endOthers];
