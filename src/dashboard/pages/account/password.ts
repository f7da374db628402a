import type { WayIn } from '../../../domain/resources/sign-in.ts';
import { action, page } from '../../page.ts';
import { saying } from '../../said.ts';
import { accountTabs } from './tabs.ts';

const password = page({
  path: '/account/password',
  async handle({ routes, who }) {
    const wayIn = await routes.get<WayIn>('/me/sign-in');
    return { template: 'account-password', title: 'Password', data: { wayIn, email: who.user?.email, tabs: accountTabs('/account/password') } };
  },
});

const change = action({
  path: '/account/password', from: password,
  async handle({ routes, form }) {
    await routes.send('POST', '/me/password', { body: { current: form.current ?? '', password: form.password ?? '' } });
    return { redirect: saying('password-changed', '/account/password') };
  },
});

export const passwordPages = [password, change];
