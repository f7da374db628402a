/** The first person of a new platform: an owner, by the link that `reeve up` prints, or by the platform's first token. */
import { hasPeople } from '../../../database/sign-in/first-owner.ts';
import { makeFirstOwner } from '../../../sign-in/first-owner.ts';
import { openAction, openPage } from '../../page.ts';
import { saying } from '../../said.ts';
import { enter, originOf } from './enter.ts';
import { requireSameOrigin } from './same-origin.ts';

const firstOwner = openPage({
  path: '/first-owner',
  async handle({ deps, query, refused }) {
    if (await hasPeople(deps.pool)) return { redirect: saying('owner-exists', '/sign-in') };
    return { template: 'sign-in-first-owner', title: 'Welcome', data: { ticket: refused?.values.ticket ?? query.ticket } };
  },
});

const become = openAction({
  path: '/first-owner', from: firstOwner,
  async handle({ deps, request, response, form }) {
    requireSameOrigin(request);
    const proof = form.ticket ? { ticket: form.ticket } : { token: form.token ?? '' };
    const person = await makeFirstOwner(deps, proof, { email: form.email ?? '', name: form.name ?? '', password: form.password ?? '' }, originOf(request));
    deps.principals.forget();
    await enter(deps, request, response, person);
    return { redirect: '/' };
  },
});

export const firstOwnerPages = [firstOwner, become];
