/** Signing in elsewhere: there by a link, as the policy lets no form lead away; and back. */
import { randomBytes } from 'node:crypto';
import { beginOidc, takeOidc } from '../../../database/sign-in/oidc.ts';
import { type Counted, forgiveAttempt, takeAttempt } from '../../../database/sign-in/attempts.ts';
import { ReeveError } from '../../../domain/errors.ts';
import { countedAddress } from '../../../sign-in/address.ts';
import { asksForCode } from '../../../sign-in/check.ts';
import { personOfIdentity } from '../../../sign-in/oidc/person.ts';
import { address, localAddress } from '../../address.ts';
import { hereOf } from '../../here.ts';
import { openPage, type OpenView } from '../../page.ts';
import { readCookie, setCookie } from './cookies.ts';
import { askForCode, enter, originOf } from './enter.ts';

const LONGEST_S = 600;
const CALLBACK = '/sign-in/oidc/callback';

/** @throws ReeveError `not-found` where signing in elsewhere is not set up */
function providerOf({ deps }: OpenView) {
  if (deps.oidc) return deps.oidc;
  throw new ReeveError('not-found', 'signing in elsewhere is not set up here');
}

const leaving = ({ request }: OpenView): Counted => ({ ...countedAddress(request.ip), kind: 'elsewhere' });

const there = openPage({
  path: '/sign-in/oidc',
  async handle(view) {
    const provider = providerOf(view);
    await takeAttempt(view.deps.pool, [leaving(view)]);
    const { url, pending } = await provider.begin(hereOf(view) + CALLBACK);
    const browser = randomBytes(32).toString('base64url');
    await beginOidc(view.deps.pool, { ...pending, browser, next: localAddress(view.query.next) });
    setCookie(view.request, view.response, 'reeve_oidc', browser, LONGEST_S);
    return { redirect: url };
  },
});

const back = openPage({
  path: CALLBACK,
  async handle(view) {
    const { deps, request, response, query } = view;
    const provider = providerOf(view);
    const browser = readCookie(request, 'reeve_oidc');
    setCookie(request, response, 'reeve_oidc', null, 0);
    const kept = browser && query.state ? await takeOidc(deps.pool, query.state, browser) : null;
    if (!kept) {
      throw new ReeveError('forbidden', 'this way back was not begun in this browser, was used before, or took too long: sign in from the start');
    }
    const came = new URL(request.originalUrl, hereOf(view));
    const from = originOf(request);
    const person = await personOfIdentity(deps, await provider.finish(came, { ...kept, state: query.state! }), from);
    deps.principals.forget();
    await forgiveAttempt(deps.pool, [leaving(view)]);
    if (asksForCode(person)) {
      askForCode(deps, request, response, person);
      return { redirect: address('/sign-in/code', { next: kept.next }) };
    }
    await enter(deps, request, response, person);
    return { redirect: kept.next };
  },
});

export const oidcPages = [there, back];
