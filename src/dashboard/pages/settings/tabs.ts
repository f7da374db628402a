import type { View } from '../../page.ts';

export const tabsOf = (current: string, may: View['may']) => [
  { href: '/settings', label: 'Platform' }, ...(may('alert:read') ? [{ href: '/settings/alerts', label: 'Alerts' }] : []),
].map((tab) => ({ ...tab, current: tab.href === current }));
