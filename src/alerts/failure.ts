/** Why a message did not arrive, in words that may be stored and shown: never an address's path, a key or a password. */
export class NotDelivered extends Error {
  override readonly name = 'NotDelivered';
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there', ECONNRESET: 'the connection was cut', ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'its name cannot be looked up now', EHOSTUNREACH: 'there is no way there', ENETUNREACH: 'there is no way there',
  ETIMEDOUT: 'it did not answer in time', UND_ERR_CONNECT_TIMEOUT: 'it did not answer in time', UND_ERR_HEADERS_TIMEOUT: 'it did not answer in time',
  UND_ERR_SOCKET: 'the connection was cut', EAUTH: 'it refused the user or password', EENVELOPE: 'it refused the sender or every recipient',
  ETLS: 'it offers no TLS', ESOCKET: 'the connection was cut, or its certificate is not trusted', ECONNECTION: 'the connection was cut', EPROTOCOL: 'it does not speak SMTP',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed', CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host', UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate cannot be verified',
};

const PROXY = 'the proxy that HTTP(S)_PROXY names';

/** What may be the proxy’s own fault, which the receiver’s owner cannot mend. */
export const byProxy = (why: NotDelivered) => new NotDelivered(`${why.message}, through ${PROXY}`);

/** What a proxy answered to CONNECT instead of 200. */
export function refusedByProxy(status: number): NotDelivered {
  if (status === 407) return new NotDelivered(`${PROXY} wants a user and password, or others than it was given (407)`);
  return new NotDelivered(status < 500 ? `${PROXY} refuses to go there (${status})` : `${PROXY} cannot reach it (${status})`);
}

/** By its code alone: what a library or a receiver says may repeat what it was given. */
export function notDelivered(error: unknown): NotDelivered {
  if (error instanceof NotDelivered) return error;
  const { code, name, responseCode, cause } = error as { code?: string; name?: string; responseCode?: number; cause?: { code?: string } };
  if (name === 'TimeoutError') return new NotDelivered(WORDS.ETIMEDOUT);
  const known = [cause?.code, code].map((each) => (each === undefined ? undefined : WORDS[each])).find((words) => words !== undefined);
  const words = known ?? `it failed${code ? ` (${code})` : ''}`;
  return new NotDelivered(responseCode ? `${words} (${responseCode})` : words);
}
