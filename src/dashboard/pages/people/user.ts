/** One person: who they are, what they were given, where they are signed in, and what can be done about it. */
import type { Page as List } from '../../../domain/resources/common.ts';
import type { GrantResource, OneTimeLink, User } from '../../../domain/resources/people.ts';
import { path } from '../../address.ts';
import { requireTyped } from '../../form.ts';
import { give, giveForm, grantRows, take } from '../../giving.ts';
import { action, page, type View } from '../../page.ts';
import { pagingOf, part } from '../../parts.ts';
import { type Said, saying } from '../../said.ts';
import { type Session, sessionRows } from '../account/sessions.ts';
import { showLink } from './link.ts';
import { peopleTabs } from './tabs.ts';

const userAt = ({ routes, params }: View): Promise<User> => routes.get<User>('/users/{user}', { params: { user: params.user! } });
const baseOf = ({ params }: Pick<View, 'params'>): string => path`/people/users/${params.user!}`;

const one = page({
  path: '/people/users/{user}',
  async handle(view) {
    const { routes, query, may, who } = view;
    const user = await userAt(view);
    const [grants, sessions, giving] = await Promise.all([
      part(routes.get<List<GrantResource>>('/grants', { query: { user: user.id } })),
      may('session:read') ? part(routes.get<List<Session>>('/sessions', { query: { user: user.id, cursor: query.cursor } })) : null,
      giveForm(view),
    ]);
    return {
      template: 'people-user', title: user.name,
      data: {
        user, base: baseOf(view), self: who.user?.id === user.id, tabs: peopleTabs(view, '/people'), ...giving,
        grants: grants.ok ? { ok: true, items: grantRows(view, grants.value.items), more: grants.value.next !== null } : grants,
        sessions: sessions?.ok ? { ok: true, items: sessionRows(sessions.value.items), paging: pagingOf(baseOf(view), query, sessions.value) } : sessions,
        [user.state]: true, mayUpdate: may('user:update'), mayRemove: may('user:remove'), mayEnd: may('session:end'), mayInvite: may('user:invite'), mayAudit: may('audit:read'),
      },
    };
  },
});

/** A form of the person’s page that leads back to it. */
const act = (name: string, said: Said, handle: (view: View, params: { user: string }) => Promise<unknown>) => action({
  path: `/people/users/{user}/${name}`, from: one,
  async handle(view) {
    await handle(view, { user: view.params.user! });
    return { redirect: saying(said, baseOf(view)) };
  },
});

const acts = [
  act('disable', 'disabled', ({ routes }, params) => routes.send('PATCH', '/users/{user}', { params, body: { state: 'disabled' } })),
  act('enable', 'enabled', ({ routes }, params) => routes.send('PATCH', '/users/{user}', { params, body: { state: 'active' } })),
  act('end-sessions', 'their-sessions-ended', ({ routes }, params) => routes.send('DELETE', '/users/{user}/sessions', { params })),
  act('end-session', 'session-ended', ({ routes, form }) => routes.send('DELETE', '/sessions/{session}', { params: { session: form.session ?? '' } })),
  act('codes-off', 'their-codes-off', ({ routes }, params) => routes.send('DELETE', '/users/{user}/totp', { params })),
  act('give', 'given', (view, params) => give(view, params)),
  act('take', 'taken', take),
];

const reset = action({
  path: '/people/users/{user}/reset', from: one,
  async handle(view) {
    const { body } = await view.routes.send<OneTimeLink>('POST', '/users/{user}/reset', { params: { user: view.params.user! } });
    return showLink(view, body, {
      heading: `A link for ${body.user.name}`, text: 'Whoever opens it sets a new password. All their sessions end then; one-time codes stay asked for.', back: baseOf(view),
    });
  },
});

const edit = page({
  path: '/people/users/{user}/edit',
  async handle(view) {
    view.must('user:update');
    return { template: 'people-user-edit', title: 'Change who they are', data: { user: await userAt(view), base: baseOf(view), tabs: peopleTabs(view, '/people') } };
  },
});

const save = action({
  path: '/people/users/{user}/edit', from: edit,
  async handle(view) {
    const { routes, params, form } = view;
    const { body } = await routes.send<User>('PATCH', '/users/{user}', { params: { user: params.user! }, body: { name: form.name ?? '', email: form.email?.trim() ?? '' } });
    return { redirect: saying('saved', path`/people/users/${body.id}`) };
  },
});

const removing = page({
  path: '/people/users/{user}/remove',
  async handle(view) {
    view.must('user:remove');
    return { template: 'people-remove', title: 'Remove somebody', data: { ...(await removal(view)), tabs: peopleTabs(view, '/people') } };
  },
});

async function removal(view: View) {
  const { name, email } = await userAt(view);
  return {
    heading: `Remove ${name}?`, name: email, to: `${baseOf(view)}/remove`, back: baseOf(view), button: 'Remove them',
    will: ['Their sessions and tokens end, and what they were given is taken away.', 'What they did stays in the audit, under their name.', 'To keep them out for a while, disable them instead.'],
  };
}

const remove = action({
  path: '/people/users/{user}/remove', from: removing,
  async handle(view) {
    const { id, email } = await userAt(view);
    requireTyped(view.form, email, 'nobody was removed: the e-mail does not match', { anyCase: true });
    await view.routes.send('DELETE', '/users/{user}', { params: { user: id } });
    return { redirect: saying('user-removed', '/people') };
  },
});

export const userPages = [one, ...acts, reset, edit, save, removing, remove];
