const TABS = [
  { href: '/account', label: 'You' },
  { href: '/account/password', label: 'Password' },
  { href: '/account/codes', label: 'One-time codes' },
  { href: '/account/sessions', label: 'Sessions' },
  { href: '/account/tokens', label: 'Tokens' },
];

/** The tabs of one's own account; the one at `current`, or above it, is marked. */
export const accountTabs = (current: string) =>
  TABS.map((tab) => ({ ...tab, current: tab.href === current || (tab.href !== '/account' && current.startsWith(`${tab.href}/`)) }));
