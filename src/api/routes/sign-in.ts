import { z } from 'zod';
import { grantsOfUser } from '../../database/grants.ts';
import { within } from '../../database/pool.ts';
import { countRecoveryCodes, storeRecoveryCodes } from '../../database/sign-in/codes.ts';
import { beginDevice, letDeviceIn, takeDevice } from '../../database/sign-in/devices.ts';
import { identitiesOf } from '../../database/sign-in/oidc.ts';
import { takeAttempt } from '../../database/sign-in/attempts.ts';
import { createToken } from '../../database/tokens.ts';
import { readForSignIn, readUser, setTotp } from '../../database/users.ts';
import { ReeveError } from '../../domain/errors.ts';
import {
  beginDeviceSchema, beginTotpSchema, begunDeviceSchema, begunTotpSchema, changePasswordSchema, codeSchema, recoveryCodesSchema, signInTokenSchema,
  takeDeviceSchema, takenDeviceSchema, wayInSchema,
} from '../../domain/resources/sign-in.ts';
import { createdTokenSchema } from '../../domain/resources/people.ts';
import { beginTotp, changePassword, confirmTotp, removeTotp, renewRecoveryCodes, type Self } from '../../sign-in/account.ts';
import { countedAddress } from '../../sign-in/address.ts';
import { actorOf, asksForCode, requireCode, requirePassword } from '../../sign-in/check.ts';
import type { Authenticated } from '../authenticate.ts';
import { requireCovers } from '../may-give.ts';
import { originOf } from '../origin.ts';
import { route } from '../route.ts';
import { tokenResource } from './tokens.ts';

const tag = 'Signing in';
/** A command line's token ends by itself: a machine that was given away is not let in for ever. */
const TOKEN_MS = 30 * 86_400_000;

/** @throws ReeveError `forbidden` for a token: only a person in a session changes how they sign in */
function selfOf({ actor, user, session }: Pick<Authenticated, 'actor' | 'user' | 'session'>): Self {
  if (!user || session === null) throw new ReeveError('forbidden', 'only somebody who is signed in changes how they sign in; a token does not');
  return { user: user.id, session, from: { address: actor.address, agent: undefined } };
}

export const signInRoutes = [
  route({
    method: 'POST', path: '/sign-in/token', action: null, tag, summary: 'A token of one’s own, by e-mail and password', status: 201,
    description: 'It ends after thirty days. Where they have set up codes, `code` is needed too: without it the answer is 401 with `codeNeeded`.',
    body: signInTokenSchema, answer: createdTokenSchema, neverKept: true,
    async handle({ deps, body: { email, password, code, name }, request }) {
      const from = originOf(request);
      const person = await requirePassword(deps, { email, password }, from);
      if (asksForCode(person)) {
        if (code === undefined) throw new ReeveError('unauthenticated', 'a one-time code is asked for too', { codeNeeded: true });
        await requireCode(deps, person, code, from);
      }
      const { row, text } = await createToken(deps.pool, { name, role: 'owner', user: person.id, expiresAt: ends(), origin: 'sign-in', actor: actorOf(person, from) });
      return { body: { ...tokenResource(row), token: text } };
    },
  }),
  route({
    method: 'POST', path: '/sign-in/devices', action: null, tag, summary: 'Ask to be let in by somebody who is signed in', status: 201,
    description: 'As RFC 8628: show the code and the page to a person, and ask every other second whether they have let it in.',
    body: beginDeviceSchema, answer: begunDeviceSchema, neverKept: true,
    async handle({ deps, body: { name }, request }) {
      await takeAttempt(deps.pool, [{ ...countedAddress(request.ip), kind: 'device' }]);
      const { device, code, endsAt } = await beginDevice(deps.pool, { name, address: request.ip });
      return { body: { device, code, path: `/sign-in/device?code=${code}`, endsAt: endsAt.toISOString() } };
    },
  }),
  route({
    method: 'POST', path: '/sign-in/devices/take', action: null, tag, summary: 'The token, once somebody has let it in', status: 200,
    body: takeDeviceSchema, answer: takenDeviceSchema, neverKept: true,
    handle: ({ db, body: { device }, request }) => within(db, async (db) => {
      const taken = await takeDevice(db, device);
      if (taken === 'waiting') return { body: { state: 'waiting', token: null } };
      const person = await readForSignIn(db, taken.user);
      if (person?.state !== 'active') throw new ReeveError('forbidden', 'whoever let this in is disabled now');
      const { row, text } = await createToken(db, { name: taken.name, role: 'owner', user: person.id, expiresAt: ends(), origin: 'sign-in', actor: actorOf(person, originOf(request)) });
      return { body: { state: 'in', token: { ...tokenResource(row), token: text } } };
    }),
  }),
  route({
    method: 'POST', path: '/sign-in/devices/{code}/let-in', action: 'me:update', on: 'self', tag, summary: 'Let a command line in, as oneself', status: 204,
    params: z.strictObject({ code: z.string().max(40) }),
    async handle(call) {
      const { user } = selfOf(call);
      await letDeviceIn(call.db, call.params.code, user, call.actor);
      return {};
    },
  }),
  route({
    method: 'GET', path: '/me/sign-in', action: 'me:read', on: 'self', tag, summary: 'How one signs in', status: 200, answer: wayInSchema,
    async handle({ db, user }) {
      if (!user) throw new ReeveError('conflict', 'a token of the platform’s own does not sign in');
      const [{ hasPassword, totp }, row, recoveryCodes, identities] = await Promise.all([
        readUser(db, user.id), readForSignIn(db, user.id), countRecoveryCodes(db, user.id), identitiesOf(db, user.id)]);
      return {
        body: {
          password: hasPassword, totp, totpWaiting: !totp && row!.totp_secret !== null, recoveryCodes,
          identities: identities.map(({ issuer, at }) => ({ issuer, at: at.toISOString() })),
        },
      };
    },
  }),
  route({
    method: 'POST', path: '/me/password', action: 'me:update', on: 'self', tag, summary: 'Change one’s password; all other sessions end, and the tokens that signing in gave', status: 204,
    body: changePasswordSchema, neverKept: true,
    async handle(call) {
      await changePassword(call.deps, selfOf(call), call.body);
      return {};
    },
  }),
  route({
    method: 'POST', path: '/me/totp', action: 'me:update', on: 'self', tag, summary: 'Begin one-time codes: a secret for an app', status: 200,
    description: 'They are asked for at signing in once a code of the app has confirmed it.',
    body: beginTotpSchema, answer: begunTotpSchema, neverKept: true,
    handle: async (call) => ({ body: await beginTotp(call.deps, selfOf(call), call.body.password ?? '') }),
  }),
  route({
    method: 'POST', path: '/me/totp/confirm', action: 'me:update', on: 'self', tag, summary: 'Turn one-time codes on by the first one', status: 200,
    body: codeSchema, answer: recoveryCodesSchema, neverKept: true,
    handle: async (call) => ({ body: { recoveryCodes: await confirmTotp(call.deps, selfOf(call), call.body.code) } }),
  }),
  route({
    method: 'POST', path: '/me/totp/remove', action: 'me:update', on: 'self', tag, summary: 'Turn one-time codes off, by one of them', status: 204, body: codeSchema, neverKept: true,
    async handle(call) {
      await removeTotp(call.deps, selfOf(call), call.body.code);
      return {};
    },
  }),
  route({
    method: 'POST', path: '/me/recovery-codes', action: 'me:update', on: 'self', tag, summary: 'New recovery codes; the old ones are good no more', status: 200,
    body: codeSchema, answer: recoveryCodesSchema, neverKept: true,
    handle: async (call) => ({ body: { recoveryCodes: await renewRecoveryCodes(call.deps, selfOf(call), call.body.code) } }),
  }),
  route({
    method: 'DELETE', path: '/users/{user}/totp', action: 'user:update', tag, summary: 'Turn somebody’s one-time codes off: they have lost the app', status: 204,
    params: z.strictObject({ user: z.string().min(1).max(254).meta({ description: 'Their id or e-mail' }) }),
    handle: ({ db, params, grantee, actor }) => within(db, async (db) => {
      const row = await readUser(db, params.user);
      requireCovers(grantee, await grantsOfUser(db, row.id), row.name);
      await setTotp(db, row.id, null, false, actor);
      await storeRecoveryCodes(db, row.id, []);
      return {};
    }),
  }),
];

const ends = (): string => new Date(Date.now() + TOKEN_MS).toISOString();
