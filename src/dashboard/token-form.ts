/** Tokens: what the forms that make them have in common, one's own and the platform's. */
import type { Role } from '../domain/permission.ts';
import type { Token } from '../domain/resources/people.ts';
import { actionBoxes, actionsIn } from './action-boxes.ts';
import type { Column } from './columns.ts';
import { type Fields, momentIn } from './form.ts';
import { roleChoices } from './giving.ts';
import type { View } from './page.ts';
import { part } from './parts.ts';
import { siteNames } from './subjects.ts';

const USUAL_MS = 90 * 86_400_000;

/** What the part `token-form` needs. @param labels of roles that read otherwise here */
export async function tokenForm({ routes, refused }: Pick<View, 'routes' | 'refused'>, labels: Partial<Record<Role, string>> = {}) {
  const roles = await roleChoices({ routes });
  return {
    roles: roles.map(({ value, label }) => ({ value, label: labels[value as Role] ?? label })),
    groups: actionBoxes([], refused?.values), some: refused !== undefined && actionsIn(refused.values).length > 0,
    usualEnd: new Date(Date.now() + USUAL_MS).toISOString().slice(0, 16),
  };
}

/** The body of the route that makes one. @throws ReeveError `invalid` */
export function tokenFrom(form: Fields) {
  const [sites, actions] = [(form.sites ?? '').split(/\s+/).filter(Boolean), actionsIn(form)];
  return {
    name: form.name ?? '', role: form.role ?? '', expiresAt: momentIn(form, 'expiresAt'),
    ...(sites.length > 0 ? { sites } : {}), ...(actions.length > 0 ? { actions } : {}),
  };
}

/** The head of a list of tokens. */
export const TOKEN_COLUMNS: readonly Column[] = [
  { label: 'Token', by: 'name' }, { label: 'May' }, { label: 'Ends', by: 'expires' }, { label: 'Made', by: 'created', down: true, wide: true },
  { label: 'Last used', by: 'used', down: true, wide: true }, { label: 'Revoke', right: true, unseen: true },
];

/** Tokens with the names of their sites. */
export async function tokenRows(routes: View['routes'], tokens: readonly Token[]) {
  const names = await part(siteNames(routes, tokens.flatMap(({ sites }) => sites ?? [])));
  return tokens.map((token) => ({ ...token, siteNames: token.sites?.map((site) => (names.ok && names.value.get(site)) || site) }));
}
