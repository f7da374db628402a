/** How somebody who is not in yet, or cannot get in, comes in: what the pages behind links do. None of it needs a session. */
import type { z } from 'zod';
import { cameInSchema, acceptInvitationSchema, firstOwnerSchema, forgottenSchema, newPasswordSchema } from '../../domain/resources/sign-in.ts';
import type { SignInRow } from '../../database/users.ts';
import { makeFirstOwner } from '../../sign-in/first-owner.ts';
import { acceptInvitation, resetPassword, sendForgotten } from '../../sign-in/links.ts';
import { originOf } from '../origin.ts';
import { route } from '../route.ts';

const tag = 'Signing in';
const person = ({ id, email, name }: SignInRow): z.infer<typeof cameInSchema> => ({ id, email, name });

export const wayInRoutes = [
  route({
    method: 'POST', path: '/sign-in/first-owner', action: null, tag, summary: 'The first person of a platform that has none', status: 201,
    description: 'Proven by the platform’s first token, or by the ticket of the link that a first start prints.',
    body: firstOwnerSchema, answer: cameInSchema, neverKept: true,
    async handle({ deps, body: { ticket, token, ...given }, request }) {
      const made = await makeFirstOwner(deps, ticket === undefined ? { token: token ?? '' } : { ticket }, given, originOf(request));
      deps.principals.forget();
      return { body: person(made) };
    },
  }),
  route({
    method: 'POST', path: '/sign-in/invitation', action: null, tag, summary: 'Come in by an invitation, with a password of one’s own', status: 200,
    body: acceptInvitationSchema, answer: cameInSchema, neverKept: true,
    async handle({ deps, body: { link, ...given }, request }) {
      const came = await acceptInvitation(deps, link, given, originOf(request));
      deps.principals.forget();
      return { body: person(came) };
    },
  }),
  route({
    method: 'POST', path: '/sign-in/forgotten', action: null, tag, summary: 'Ask for a link to set a new password', status: 204,
    description: 'The same answer for everybody, and at once: the letter goes afterwards, by the server of an e-mail channel.',
    body: forgottenSchema, neverKept: true,
    async handle({ deps, body: { email }, request }) {
      await sendForgotten(deps, email, originOf(request));
      return {};
    },
  }),
  route({
    method: 'POST', path: '/sign-in/new-password', action: null, tag, summary: 'Set a new password, by such a link; all that the old one gave ends', status: 204,
    body: newPasswordSchema, neverKept: true,
    async handle({ deps, body: { link, password }, request }) {
      await resetPassword(deps, link, password, originOf(request));
      deps.principals.forget();
      return {};
    },
  }),
];
