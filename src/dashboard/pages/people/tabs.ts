import type { Action } from '../../../domain/permission.ts';
import { mayAnywhere } from '../../nav.ts';
import type { View } from '../../page.ts';

const TABS: readonly { readonly href: string; readonly label: string; readonly action: Action }[] = [
  { href: '/people', label: 'People', action: 'user:read' },
  { href: '/people/teams', label: 'Teams', action: 'team:read' },
  { href: '/people/grants', label: 'Grants', action: 'grant:read' },
  { href: '/people/roles', label: 'Roles', action: 'role:read' },
  { href: '/people/who-can', label: 'Who can?', action: 'grant:read' },
  { href: '/people/tokens', label: 'Tokens', action: 'token:read' },
];

/** For a page on which each part says by itself why it is not there. @throws ReeveError `forbidden` to whoever may do it nowhere */
export function mustSomewhere({ who, must }: View, action: Action): void {
  if (!mayAnywhere(who.grantee, action)) must(action);
}

/** The tabs that this person may open. Tokens are the platform’s, and shown to whoever may see all of them. */
export const peopleTabs = ({ who, may }: View, current: string) =>
  TABS.filter(({ action }) => (action === 'token:read' ? may(action) : mayAnywhere(who.grantee, action))).map((tab) => ({ ...tab, current: tab.href === current }));
