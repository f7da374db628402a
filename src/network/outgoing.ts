/**
 * Requests that leave the platform, through the proxy that the environment names (proxy.ts).
 *
 * Not through here, and so never through a proxy: container agents, probes, nginx, Docker's engine, mail. Those are ours
 * or inside, and a proxy leads outside.
 */
import { Agent, type Dispatcher, ProxyAgent, fetch as send } from 'undici';
import { proxyFor } from './proxy.ts';

/** A dispatcher for one address, through its proxy where it has one. Whoever asks for it closes it. */
export function dispatcherFor(url: string | URL, options: Agent.Options = {}, env: NodeJS.ProcessEnv = process.env): Dispatcher {
  const proxy = URL.canParse(String(url)) ? proxyFor(url, env) : null;
  return proxy === null ? new Agent(options) : new ProxyAgent({ ...options, uri: proxy.href });
}

/** One for each proxy, and one for what is gone to directly; their idle connections keep no process alive. */
const shared = new Map<string, Dispatcher>();

/** `fetch`, through the proxy of the address. */
export async function fetchOutside(url: string, init: RequestInit = {}): Promise<Response> {
  const proxy = proxyFor(url)?.href ?? '';
  const dispatcher = shared.get(proxy) ?? dispatcherFor(url);
  shared.set(proxy, dispatcher);
  // undici's own, with undici's own dispatcher: the one inside Node is of another version.
  return await send(url, { ...init, dispatcher } as Parameters<typeof send>[1]) as unknown as Response;
}
