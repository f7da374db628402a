import { delimiter } from 'node:path';
import { LOOPBACK } from '../network/loopback.ts';

const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'];

/**
 * The environment for children: this process's own, so that proxies and certificate authorities go on to npm, pip,
 * Go and undici, with loopback taken out of any proxy: the parts of a local platform talk to each other over it. Of
 * `no_proxy` and `NO_PROXY` the small one counts, as for this process's own requests (network/proxy.ts); an empty one is none.
 */
export function childEnvironment(more: NodeJS.ProcessEnv = {}, base: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const env = { ...base, ...more };
  if (!PROXIES.some((name) => env[name])) return env;
  const list = (env.no_proxy || env.NO_PROXY || '').split(/[,\s]+/).filter(Boolean);
  const all = [...new Set([...list, ...LOOPBACK])].join(',');
  return { ...env, NO_PROXY: all, no_proxy: all };
}

/** Directories where programs are looked for: PATH, and those that a plain user's PATH often lacks. */
export function programDirectories(env: NodeJS.ProcessEnv = process.env): string[] {
  const usual = ['/usr/local/bin', '/usr/bin', '/usr/local/sbin', '/usr/sbin', '/opt/homebrew/bin', '/usr/local/go/bin'];
  return [...new Set([...(env.PATH ?? '').split(delimiter).filter((entry) => entry.startsWith('/')), ...usual])];
}
