/** Pages behind links that are good once, and the one that asks for such a link. Looking at them uses nothing up: mail scanners do. */
import { acceptInvitation, requireLink, resetPassword, sendForgotten } from '../../../sign-in/links.ts';
import { canMail } from '../../../sign-in/mail.ts';
import { path } from '../../address.ts';
import { openAction, openPage } from '../../page.ts';
import { saying } from '../../said.ts';
import { enter, originOf } from './enter.ts';
import { requireSameOrigin } from './same-origin.ts';

const invite = openPage({
  path: '/invite/{token}',
  async handle({ deps, params }) {
    const { email, name } = await requireLink(deps, params.token!, 'invitation');
    return { template: 'sign-in-invite', title: 'Welcome', data: { email, name, action: path`/invite/${params.token!}`, elsewhere: deps.oidc?.name } };
  },
});

const accept = openAction({
  path: '/invite/{token}', from: invite,
  async handle({ deps, request, response, params, form }) {
    requireSameOrigin(request);
    const person = await acceptInvitation(deps, params.token!, { name: form.name ?? '', password: form.password ?? '' }, originOf(request));
    await enter(deps, request, response, person);
    return { redirect: '/' };
  },
});

const forgotten = openPage({
  path: '/reset',
  async handle({ deps }) {
    const mails = deps.config.REEVE_URL !== undefined && (await canMail(deps.pool));
    return { template: 'sign-in-reset', title: 'A new password', data: { mails } };
  },
});

const askForLink = openAction({
  path: '/reset', from: forgotten,
  async handle({ deps, request, form }) {
    requireSameOrigin(request);
    // The same answer for everybody, and at once: the letter goes afterwards.
    await sendForgotten(deps, form.email ?? '', originOf(request));
    return { redirect: saying('reset-asked', '/sign-in') };
  },
});

const reset = openPage({
  path: '/reset/{token}',
  async handle({ deps, params }) {
    const { email } = await requireLink(deps, params.token!, 'reset');
    return { template: 'sign-in-new-password', title: 'A new password', data: { email, action: path`/reset/${params.token!}` } };
  },
});

const setNew = openAction({
  path: '/reset/{token}', from: reset,
  async handle({ deps, request, params, form }) {
    requireSameOrigin(request);
    await resetPassword(deps, params.token!, form.password ?? '', originOf(request));
    deps.principals.forget();
    return { redirect: saying('password-set', '/sign-in') };
  },
});

export const linkPages = [invite, accept, forgotten, askForLink, reset, setNew];
