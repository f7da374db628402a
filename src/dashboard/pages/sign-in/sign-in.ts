/** Signing in by e-mail and password, then by a code where somebody has set that up; and out. */
import { sessionCookie, endSession } from '../../../database/sessions.ts';
import { readForSignIn } from '../../../database/users.ts';
import { asksForCode, requireCode, requirePassword } from '../../../sign-in/check.ts';
import { readTicket } from '../../../sign-in/ticket.ts';
import { hasPeople } from '../../../database/sign-in/first-owner.ts';
import { address, localAddress } from '../../address.ts';
import { action, openAction, openPage, type OpenView } from '../../page.ts';
import { readCookie } from './cookies.ts';
import { askForCode, enter, originOf } from './enter.ts';
import { requireSameOrigin } from './same-origin.ts';

/** Where they wanted to go, from the address or the form. */
const nextOf = ({ query, refused, form }: OpenView): string => localAddress(form.next ?? refused?.values.next ?? query.next);

const signIn = openPage({
  path: '/sign-in',
  async handle(view) {
    if (view.who?.session) return { redirect: nextOf(view) };
    if (!(await hasPeople(view.deps.pool))) return { redirect: '/first-owner' };
    return {
      template: 'sign-in', title: 'Sign in', data: { next: nextOf(view), elsewhere: view.deps.oidc?.name, elsewhereHref: address('/sign-in/oidc', { next: nextOf(view) }) },
    };
  },
});

const signInByPassword = openAction({
  path: '/sign-in', from: signIn,
  async handle(view) {
    const { deps, request, response, form } = view;
    requireSameOrigin(request);
    const person = await requirePassword(deps, { email: form.email ?? '', password: form.password ?? '' }, originOf(request));
    if (asksForCode(person)) {
      askForCode(deps, request, response, person);
      return { redirect: address('/sign-in/code', { next: nextOf(view) }) };
    }
    await enter(deps, request, response, person);
    return { redirect: nextOf(view) };
  },
});

/** The person who has shown a password in this browser, a few minutes ago at most. */
async function halfWay({ deps, request }: OpenView) {
  const ticket = readTicket(deps.peopleKey, 'code', readCookie(request, 'reeve_code'));
  const person = ticket ? await readForSignIn(deps.pool, ticket.user!) : null;
  return person?.state === 'active' ? person : null;
}

const code = openPage({
  path: '/sign-in/code',
  async handle(view) {
    if (!(await halfWay(view))) return { redirect: address('/sign-in', { next: nextOf(view) }) };
    return { template: 'sign-in-code', title: 'Sign in', data: { next: nextOf(view) } };
  },
});

const signInByCode = openAction({
  path: '/sign-in/code', from: code,
  async handle(view) {
    const { deps, request, response, form } = view;
    requireSameOrigin(request);
    const person = await halfWay(view);
    if (!person) return { redirect: address('/sign-in', { next: nextOf(view) }) };
    await requireCode(deps, person, form.code ?? '', originOf(request));
    await enter(deps, request, response, person);
    return { redirect: nextOf(view) };
  },
});

const signOut = action({
  path: '/sign-out',
  async handle({ deps, who, request, response }) {
    if (who.session) await endSession(deps.pool, who.session, who.actor);
    deps.principals.forget();
    response.append('set-cookie', sessionCookie(null, request.secure));
    return { redirect: '/sign-in' };
  },
});

export const signInPages = [signIn, signInByPassword, code, signInByCode, signOut];
