import { z } from 'zod';
import { lastOf, orderedPage } from '../../database/read/page.ts';
import { grantsOfUser } from '../../database/grants.ts';
import { endSession, listSessions, type SessionRow, userOfSession } from '../../database/sessions.ts';
import { ReeveError } from '../../domain/errors.ts';
import { pageOf, pageQuery } from '../../domain/resources/common.ts';
import { sessionOrder, sessionSchema } from '../../domain/resources/people.ts';
import { requireCovers } from '../may-give.ts';
import { route } from '../route.ts';

const tag = 'People';

/** @param current the session that asks */
export const sessionResource = ({ user, name, ...row }: SessionRow, current: string | null) => ({
  ...row, user: { id: user, name }, current: row.id === current,
  createdAt: row.createdAt.toISOString(), seenAt: row.seenAt.toISOString(), endsAt: row.endsAt.toISOString(),
});

export const sessionRoutes = [
  route({
    method: 'GET', path: '/sessions', action: 'session:read', tag, summary: 'Who is signed in, and where: last seen first unless asked otherwise', status: 200,
    query: z.strictObject({ ...pageQuery, user: z.string().max(64).optional().meta({ description: 'Their id' }), sort: sessionOrder.default('-seen') }), answer: pageOf(sessionSchema, 'Session'),
    async handle({ db, query: { limit, cursor, ...filter }, session: current }) {
      const rows = await listSessions(db, { ...filter, limit, after: lastOf(cursor) });
      return { body: orderedPage(rows, limit, ({ session }) => sessionResource(session, current), ({ id }) => id) };
    },
  }),
  route({
    method: 'DELETE', path: '/sessions/{session}', action: 'session:end', tag, summary: 'End a session, whoever’s it is', status: 204,
    params: z.strictObject({ session: z.string().max(64) }),
    async handle({ db, params: { session }, grantee, actor }) {
      const whose = await userOfSession(db, session);
      if (!whose) throw new ReeveError('not-found', `there is no session ${session}`);
      requireCovers(grantee, await grantsOfUser(db, whose.id), whose.name);
      if (!(await endSession(db, session, actor))) throw new ReeveError('not-found', `there is no session ${session}`);
      return {};
    },
  }),
];
