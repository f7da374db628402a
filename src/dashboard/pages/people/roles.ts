import { ALL_ACTIONS } from '../../../domain/permission.ts';
import type { Page as List } from '../../../domain/resources/common.ts';
import type { RoleResource } from '../../../domain/resources/people.ts';
import { actionBoxes, actionsIn } from '../../action-boxes.ts';
import { path } from '../../address.ts';
import { action, page } from '../../page.ts';
import { saying } from '../../said.ts';
import { peopleTabs } from './tabs.ts';

/** What is about oneself needs no role. */
const GIVEN = ALL_ACTIONS.filter((each) => !each.startsWith('me:'));

const list = page({
  path: '/people/roles',
  async handle(view) {
    const roles = await view.routes.get<List<RoleResource>>('/roles');
    return { template: 'people-roles', title: 'Roles', data: { roles: roles.items, mayWrite: view.may('role:write'), tabs: peopleTabs(view, '/people/roles') } };
  },
});

const fresh = page({
  path: '/people/new-role',
  async handle(view) {
    view.must('role:write');
    return { template: 'people-role', title: 'Make a role', data: { groups: actionBoxes([], view.refused?.values, GIVEN), to: '/people/new-role', mayWrite: true, tabs: peopleTabs(view, '/people/roles') } };
  },
});

const make = action({
  path: '/people/new-role', from: fresh,
  async handle({ routes, form }) {
    await routes.send('POST', '/roles', { body: { name: form.name?.trim() ?? '', description: form.description ?? '', actions: actionsIn(form) } });
    return { redirect: saying('role-made', '/people/roles') };
  },
});

const one = page({
  path: '/people/roles/{role}',
  async handle(view) {
    const { routes, params, may, refused } = view;
    const role = await routes.get<RoleResource>('/roles/{role}', { params: { role: params.role! } });
    return {
      template: 'people-role', title: `Role ${role.name}`,
      data: {
        role, to: path`/people/roles/${role.name}`, mayWrite: !role.builtIn && may('role:write'), groups: actionBoxes(role.actions, refused?.values, GIVEN),
        tabs: peopleTabs(view, '/people/roles'),
      },
    };
  },
});

const change = action({
  path: '/people/roles/{role}', from: one,
  async handle({ routes, params, form }) {
    await routes.send('PATCH', '/roles/{role}', { params: { role: params.role! }, body: { description: form.description ?? '', actions: actionsIn(form) } });
    return { redirect: saying('role-changed', path`/people/roles/${params.role!}`) };
  },
});

const remove = action({
  path: '/people/roles/{role}/remove', from: one,
  async handle({ routes, params }) {
    await routes.send('DELETE', '/roles/{role}', { params: { role: params.role! } });
    return { redirect: saying('role-removed', '/people/roles') };
  },
});

export const rolePages = [list, fresh, make, one, change, remove];
