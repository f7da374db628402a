/** How a message gets to its receiver: directly, or through the proxy of the environment; never inward unless allowed. */
import { isIP } from 'node:net';
import { Agent, type Dispatcher, Pool, ProxyAgent } from 'undici';
import { proxyFor } from '../network/proxy.ts';
import { refusedByProxy } from './failure.ts';
import { mayGoTo } from './inward.ts';
import { outward, outwardLookup } from './outward.ts';

export interface Way {
  readonly dispatcher: Dispatcher;
  /** What is requested of the dispatcher, with these headers. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly byProxy: boolean;
}

/**
 * A way with a connection of its own: nothing that one receiver does reaches the next. Whoever gets it destroys its
 * dispatcher.
 *
 * Directly, the socket looks the name up and checks what it finds in one step. A proxy would look the name up again, by
 * itself, and might find an address inside by then: so the name is looked up and checked here, and the proxy is asked for
 * that address (CONNECT), inside which the receiver is still spoken to by its name (Host, SNI, certificate). A proxy that
 * only lets names through refuses that, and the delivery says so; to hand it the name instead was rejected, since whoever
 * may add a channel could reach what the proxy reaches. An inward address that the settings allow is gone to directly: it
 * is inward as seen from here, and means another machine to the proxy.
 *
 * @param allowed CIDRs of inward addresses that may be gone to
 * @throws NotDelivered when the name leads inward alone
 */
export async function wayTo(url: string, allowed: readonly string[], timeoutMs: number): Promise<Way> {
  const proxy = proxyFor(url);
  // An address given as such is not looked up by the socket, so its lookup does not check it.
  const { hostname } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const found = proxy || isIP(host) ? await outward(host, allowed) : [];
  const outside = found.find(({ address }) => mayGoTo(address, []));
  if (proxy && outside) return throughProxy(url, outside.address, proxy, timeoutMs);
  return {
    dispatcher: new Agent({ connect: { lookup: outwardLookup(allowed), timeout: timeoutMs }, pipelining: 0 }), url, headers: {}, byProxy: false,
  };
}

/** By CONNECT to an address that was checked, for http too: a proxy would answer a plain request for whatever name it reads. */
export function throughProxy(url: string, address: string, proxy: URL, timeoutMs: number): Way {
  const to = new URL(url);
  const { host, hostname } = to;
  to.hostname = isIP(address) === 6 ? `[${address}]` : address;
  const servername = isIP(hostname.replace(/^\[|\]$/g, '')) ? {} : { servername: hostname };
  return {
    dispatcher: new ProxyAgent({
      uri: proxy.href, proxyTunnel: true, requestTls: { ...servername, timeout: timeoutMs }, pipelining: 0,
      clientFactory: (origin, options) => new Tunnels(origin, options),
    }),
    url: to.href, headers: { host }, byProxy: true,
  };
}

/** undici says what a proxy answered to CONNECT in the text of an error alone. */
class Tunnels extends Pool {
  // The other form, with a callback, is not what ProxyAgent uses.
  override async connect(asked: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> {
    const answer = await super.connect(asked);
    if (answer.statusCode === 200) return answer;
    answer.socket.on('error', () => {}).destroy();
    throw refusedByProxy(answer.statusCode);
  }
}
