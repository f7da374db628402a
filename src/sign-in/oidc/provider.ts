/** The provider itself: authorization code with PKCE, state and nonce (OpenID Connect Core 1.0, RFC 9700). */
import * as client from 'openid-client';
import { ReeveError } from '../../domain/errors.ts';
import { fetchOutside } from '../../network/outgoing.ts';
import { claimsOf, type Identity } from './identity.ts';
import { isLoopback, type OidcSettings } from './settings.ts';

/** Seconds; less than a request's own time. */
const LONGEST_S = 4;

/** What is kept between the way there and the way back. */
export interface Pending {
  readonly state: string;
  readonly verifier: string;
  readonly nonce: string;
}

export interface Provider {
  readonly name: string;
  readonly issuer: string;
  /** @param callback where the provider sends people back to, as it is registered there @throws ReeveError `unavailable` */
  begin(callback: string): Promise<{ readonly url: string; readonly pending: Pending }>;
  /**
   * Who it is, from the address with which they came back.
   * @throws ReeveError `forbidden` when the provider refuses, or its answer does not hold; `unavailable`
   */
  finish(came: URL, pending: Pending): Promise<Identity>;
}

export function createProvider(settings: OidcSettings): Provider {
  let found: Promise<client.Configuration> | undefined;
  const discovered = (): Promise<client.Configuration> => {
    found ??= client.discovery(new URL(settings.issuer), settings.clientId, undefined, client.ClientSecretBasic(settings.clientSecret), {
      timeout: LONGEST_S,
      [client.customFetch]: (url, init) => fetchOutside(url, init as RequestInit),
      // Marked as deprecated so that nobody uses it by accident; a loopback issuer is for tests and trials.
      execute: isLoopback(settings.issuer) ? [client.allowInsecureRequests] : [],
    });
    // One that was away may be back: asked again at the next sign-in.
    found.catch(() => { found = undefined; });
    return found;
  };
  return {
    name: settings.name,
    issuer: settings.issuer,
    async begin(callback) {
      const provider = await answering(discovered());
      const pending = { state: client.randomState(), verifier: client.randomPKCECodeVerifier(), nonce: client.randomNonce() };
      const url = client.buildAuthorizationUrl(provider, {
        redirect_uri: callback, scope: settings.scope, state: pending.state, nonce: pending.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(pending.verifier), code_challenge_method: 'S256',
      });
      return { url: url.href, pending };
    },
    async finish(came, { state, verifier, nonce }) {
      const provider = await answering(discovered());
      const tokens = await answering(client.authorizationCodeGrant(provider, came, {
        expectedState: state, pkceCodeVerifier: verifier, expectedNonce: nonce, idTokenExpected: true,
      }));
      const claims = tokens.claims()!;
      // Some say in the ID token only who it is.
      const more = claims.email === undefined && provider.serverMetadata().userinfo_endpoint !== undefined
        ? await answering(client.fetchUserInfo(provider, tokens.access_token, claims.sub)) : {};
      return claimsOf({ ...more, ...claims }, settings);
    },
  };
}

async function answering<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    throw asReeve(error);
  }
}

/** By its code: what a provider says is not repeated to whoever came with it. */
function asReeve(error: unknown): ReeveError {
  if (error instanceof ReeveError) return error;
  if (error instanceof client.AuthorizationResponseError) {
    return new ReeveError('forbidden', error.error === 'access_denied' ? 'signing in was cancelled there' : 'the provider refused to sign you in', {}, error);
  }
  if (error instanceof client.ResponseBodyError) {
    return new ReeveError('forbidden', 'the provider does not stand by that answer: it was used already, or took too long; begin again', {}, error);
  }
  const { code, name } = error as { code?: string; name?: string };
  const isAway = name === 'TimeoutError' || name === 'TypeError' || code === 'OAUTH_TIMEOUT' || code === 'OAUTH_RESPONSE_IS_NOT_CONFORM' || code === 'OAUTH_RESPONSE_IS_NOT_JSON';
  return isAway ? new ReeveError('unavailable', 'the provider that signs people in does not answer', {}, error)
    : new ReeveError('forbidden', 'the provider’s answer does not hold; begin again', {}, error);
}
