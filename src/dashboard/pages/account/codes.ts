/** One-time codes: off, waiting for the first code of an app, or on. What is shown once ends in no redirect. */
import type { WayIn } from '../../../domain/resources/sign-in.ts';
import { waitingTotp } from '../../../sign-in/account.ts';
import { qrCode } from '../../../sign-in/one-time-code.ts';
import { action, page, type PageReply, type View } from '../../page.ts';
import { saying } from '../../said.ts';
import { accountTabs } from './tabs.ts';

const codes = page({
  path: '/account/codes',
  async handle({ deps, routes, query, who, refused }) {
    const wayIn = await routes.get<WayIn>('/me/sign-in');
    const again = query.again !== undefined || refused?.fields.password !== undefined;
    // No route has it: a token has no business with it, and it waits for the session that began it.
    const waiting = wayIn.totpWaiting && who.user && who.session && !again ? await waitingTotp(deps, who.user.id) : null;
    return {
      template: 'account-codes', title: 'One-time codes',
      data: {
        wayIn, few: wayIn.recoveryCodes < 3, email: who.user?.email, tabs: accountTabs('/account/codes'),
        waiting: waiting && { ...waiting, letters: waiting.secret.match(/.{1,4}/g)!.join(' '), qr: asImage(qrCode(waiting.uri)) },
      },
    };
  },
});

/** As the policy lets an image be: with its contents in its address. */
const asImage = (svg: string): string => `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;

const begin = action({
  path: '/account/codes', from: codes,
  async handle({ routes, form }) {
    await routes.send('POST', '/me/totp', { body: form.password ? { password: form.password } : {} });
    return { redirect: '/account/codes' };
  },
});

const confirm = action({
  path: '/account/codes/confirm', from: codes,
  async handle({ routes, form }) {
    const { body } = await routes.send<{ recoveryCodes: string[] }>('POST', '/me/totp/confirm', { body: { code: form.code ?? '' } });
    return shown(body.recoveryCodes, 'One-time codes are on.');
  },
});

const shown = (recoveryCodes: readonly string[], because: string): PageReply =>
  ({ template: 'account-recovery-codes', title: 'Recovery codes', data: { recoveryCodes, because, tabs: accountTabs('/account/codes') } });

/** A page that asks for a code before it changes how they sign in. */
const asking = (path: string, ask: object) => page({
  path,
  async handle({ routes }: View) {
    const wayIn = await routes.get<WayIn>('/me/sign-in');
    return { template: 'account-code', title: 'One-time codes', data: { wayIn, to: path, ...ask, tabs: accountTabs(path) } };
  },
});

const renewing = asking('/account/codes/recovery', {
  heading: 'New recovery codes', symbol: 'again', button: 'Make new ones', will: ['Ten new codes are shown, once.', 'Those you have kept until now are good no more.'],
});
const renew = action({
  path: '/account/codes/recovery', from: renewing,
  async handle({ routes, form }) {
    const { body } = await routes.send<{ recoveryCodes: string[] }>('POST', '/me/recovery-codes', { body: { code: form.code ?? '' } });
    return shown(body.recoveryCodes, 'The codes before these are good no more.');
  },
});

const removing = asking('/account/codes/off', {
  heading: 'Turn one-time codes off?', symbol: 'warn', button: 'Turn them off', danger: true,
  will: ['Your password alone lets in whoever knows it.', 'The app’s entry and your recovery codes are good no more.'],
});
const remove = action({
  path: '/account/codes/off', from: removing,
  async handle({ routes, form }) {
    await routes.send('POST', '/me/totp/remove', { body: { code: form.code ?? '' } });
    return { redirect: saying('codes-off', '/account/codes') };
  },
});

export const codePages = [codes, begin, confirm, renewing, renew, removing, remove];
