/** Pages on the way in: for people who are not signed in yet. */
import type { Page } from '../../page.ts';
import { devicePages } from './device.ts';
import { firstOwnerPages } from './first-owner.ts';
import { linkPages } from './links.ts';
import { oidcPages } from './oidc.ts';
import { signInPages } from './sign-in.ts';

export const wayIn: readonly Page[] = [...signInPages, ...linkPages, ...oidcPages, ...firstOwnerPages, ...devicePages];
