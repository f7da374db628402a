/** Roles as they are given and taken on pages: of a site, of a person, of a team, and of all. */
import { ROLES } from '../domain/permission.ts';
import type { Page as List } from '../domain/resources/common.ts';
import type { GrantResource, RoleResource, Team } from '../domain/resources/people.ts';
import type { Column } from './columns.ts';
import { mayAnywhere } from './nav.ts';
import { type Fields, momentIn, typed } from './form.ts';
import type { View } from './page.ts';
import { choices, everyPageOf, part } from './parts.ts';
import { spaced } from './words.ts';

/** The head of a list of grants that can be put in order. */
export const GRANT_COLUMNS: readonly Column[] = [
  { label: 'Who', by: 'who' }, { label: 'Role', by: 'role' }, { label: 'Until', by: 'ends' }, { label: 'Given', by: 'created', down: true, wide: true },
  { label: 'Take away', right: true, unseen: true },
];

/** What the part `grant-list` needs: each with whether this person may take it away. */
export const grantRows = ({ may }: Pick<View, 'may'>, grants: readonly GrantResource[]) =>
  grants.map((grant) => ({ ...grant, mayTake: may('grant:write', grant.site ? { site: grant.site.id } : {}) }));

/** Roles to choose from. */
export async function roleChoices({ routes }: Pick<View, 'routes'>) {
  const roles = await part(routes.get<List<RoleResource>>('/roles'));
  return (roles.ok ? roles.value.items.map(({ name }) => name) : [...ROLES]).map((name) => ({ value: name, label: spaced(name) }));
}

/** Teams to choose from, or none of them. */
export async function teamChoices({ routes }: Pick<View, 'routes'>) {
  const teams = await part(everyPageOf<Team>(routes, '/teams', {}));
  return [{ value: '', label: 'None' }, ...(teams.ok ? teams.value : []).map(({ id, name }) => ({ value: id, label: name }))];
}

/** The same as a filter of a list. @param now which one is chosen */
export const teamFilter = (teams: readonly { readonly value: string; readonly label: string }[], now: string | undefined) =>
  choices('Any team', teams.filter(({ value }) => value !== '').map(({ value, label }) => [value, label] as const), spaced, now);

/** What the part `grant-form` needs where somebody, or some team, is still to be named. */
export async function giveForm(view: View) {
  return {
    mayGive: mayAnywhere(view.who.grantee, 'grant:write'), onSitesAlone: !view.may('grant:write'), roles: await roleChoices(view),
  };
}

/** Give what the form says. @param more what the page knows: who, or where @throws ReeveError as the route does */
export async function give({ routes, form }: View, more: { user?: string; team?: string; site?: string }): Promise<void> {
  await routes.send('POST', '/grants', { body: { ...givenIn(form), reason: typed(form.reason), ...more } });
}

/** Which role, where, until when. @throws ReeveError `invalid` */
export const givenIn = (form: Fields) => ({ role: form.role ?? '', site: typed(form.site), endsAt: momentIn(form, 'endsAt') });

/** Take away what the form names. @throws ReeveError as the route does */
export async function take({ routes, form }: View): Promise<void> {
  await routes.send('DELETE', '/grants/{grant}', { params: { grant: form.grant ?? '' } });
}
