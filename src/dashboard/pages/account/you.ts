import type { z } from 'zod';
import type { meSchema } from '../../../domain/resources/people.ts';
import type { WayIn } from '../../../domain/resources/sign-in.ts';
import { action, page } from '../../page.ts';
import { part } from '../../parts.ts';
import { saying } from '../../said.ts';
import { siteNames } from '../../subjects.ts';
import { accountTabs } from './tabs.ts';

/** Who they are, what they were given, and by which ways they come in. */
const you = page({
  path: '/account',
  async handle({ routes }) {
    const [me, wayIn] = await Promise.all([routes.get<z.infer<typeof meSchema>>('/me'), routes.get<WayIn>('/me/sign-in')]);
    // A role of one's own making may reach a site without showing it.
    const names = await part(siteNames(routes, me.grants.map(({ site }) => site)));
    return {
      template: 'account', title: 'Account',
      data: {
        me, wayIn, tabs: accountTabs('/account'),
        grants: me.grants.map((grant) => ({ ...grant, siteName: grant.site && ((names.ok && names.value.get(grant.site)) || grant.site) })),
      },
    };
  },
});

const rename = action({
  path: '/account', from: you,
  async handle({ routes, form }) {
    await routes.send('PATCH', '/me', { body: { name: form.name ?? '' } });
    return { redirect: saying('saved', '/account') };
  },
});

export const youPages = [you, rename];
