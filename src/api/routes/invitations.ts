import { z } from 'zod';
import { addGrant, grantsOfTeam, grantsOfUser } from '../../database/grants.ts';
import { createLink, type LinkRow, listInvitations } from '../../database/one-time-links.ts';
import { lastOf, orderedPage } from '../../database/read/page.ts';
import { roleActions } from '../../database/roles.ts';
import { addMember, readTeam } from '../../database/teams.ts';
import { createUser, readForSignIn, readUser } from '../../database/users.ts';
import { within } from '../../database/pool.ts';
import { ReeveError } from '../../domain/errors.ts';
import { pageOf, pageQuery } from '../../domain/resources/common.ts';
import { invitationOrder, invitationSchema, inviteSchema, linkSchema } from '../../domain/resources/people.ts';
import { invitationLetter } from '../../sign-in/letters.ts';
import { post } from '../../sign-in/mail.ts';
import { endOf } from '../end-of.ts';
import { requireCovers, requireMayGive } from '../may-give.ts';
import { oneTimeLink } from '../one-time-link.ts';
import { route } from '../route.ts';

const tag = 'People';

const toResource = ({ id, user, name, email, endsAt }: LinkRow) => ({ id, user: { id: user, name, email }, endsAt: endsAt.toISOString() });

export const invitationRoutes = [
  route({
    method: 'GET', path: '/invitations', action: 'user:invite', tag, summary: 'Invitations that wait, newest first unless asked otherwise', status: 200,
    query: z.strictObject({ ...pageQuery, sort: invitationOrder.default('-ends') }), answer: pageOf(invitationSchema, 'Invitation'),
    async handle({ db, query: { limit, cursor, sort } }) {
      const rows = await listInvitations(db, { limit, after: lastOf(cursor), sort });
      return { body: orderedPage(rows, limit, ({ link }) => toResource(link), ({ id }) => id) };
    },
  }),
  route({
    method: 'POST', path: '/invitations', action: 'user:invite', on: 'any', tag, status: 201, shownOnce: true,
    summary: 'Invite somebody, and give them something at once; the link is shown this once',
    description: 'It is mailed too where an e-mail channel is set up and the dashboard’s own address is known. Again for somebody who has not come yet, the earlier link is good no more. Owners of some sites invite people to those.',
    body: inviteSchema, answer: linkSchema,
    async handle({ db, deps, body, grantee, actor, permit, seenSite }) {
      const site = body.site === undefined ? undefined : await seenSite(body.site);
      permit('user:invite', site === undefined ? {} : { site });
      const endsAt = endOf('endsAt', body.endsAt);
      const made = await within(db, async (db) => {
        const known = await readForSignIn(db, body.email);
        if (known && known.state !== 'invited') {
          throw new ReeveError('exists', `${body.email} is here already, ${known.state}: give them something instead`, { errors: [{ path: 'email', message: 'is somebody’s already' }] });
        }
        // The new link is answered to whoever asks, and is as good as the person whom it lets in.
        if (known) requireCovers(grantee, await grantsOfUser(db, known.id), known.name);
        const user = known?.id ?? await createUser(db, { email: body.email, name: body.name ?? body.email.split('@')[0]!, actor });
        if (body.role !== undefined) {
          permit('grant:write', site === undefined ? {} : { site });
          requireMayGive(grantee, { what: body.role, actions: await roleActions(db, body.role), site, endsAt });
          await addGrant(db, { user, role: body.role, site, endsAt, actor });
        } else if (site !== undefined || body.endsAt !== undefined) {
          throw new ReeveError('invalid', 'say which role they get there', { errors: [{ path: 'role', message: 'which one?' }] });
        }
        if (body.team !== undefined) {
          permit('team:write', {});
          const team = await readTeam(db, body.team);
          requireCovers(grantee, await grantsOfTeam(db, team.id), `team ${team.name}`);
          await addMember(db, team.id, user, actor);
        }
        return { row: await readUser(db, user), link: await createLink(db, { user, purpose: 'invitation', actor }) };
      });
      if (deps.config.REEVE_URL) void post(deps, 'invitation', invitationLetter(deps.config.REEVE_URL, { to: made.row.email, text: made.link.text, by: actor.name }));
      return { body: oneTimeLink(deps.config, 'invitation', made.row, made.link) };
    },
  }),
];
