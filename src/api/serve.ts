import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Config, readMasterKey } from '../config.ts';
import { createPool } from '../database/pool.ts';
import { ReeveError } from '../domain/errors.ts';
import { deriveAlertsKey, derivePeopleKey, deriveSitesKey } from '../domain/secrets.ts';
import { createApi } from './create.ts';
import type { ApiOptions } from './deps.ts';
import { createHandOver } from './hand-over.ts';
import { createLog } from '../log.ts';
import { createProvider } from '../sign-in/oidc/provider.ts';
import { readOidcSettings } from '../sign-in/oidc/settings.ts';

export { ensureFirstToken } from '../database/tokens.ts';

export interface ServedApi {
  /** e.g. `http://127.0.0.1:8081`, `http://[::1]:8081` */
  readonly addresses: readonly string[];
  /** Take no more requests, let those under way end, drop streams, and close the pool. */
  close(): Promise<void>;
}

/** How long requests under way may go on when it closes; streams are cut at once. */
const GRACE_MS = 8_000;

/**
 * Listen on each address of REEVE_API_LISTEN. A machine without one of the families (no ::1) is served on the other.
 * @throws ReeveError `conflict` when a port is taken, `invalid` when no address can be listened on
 */
export async function serveApi(
  config: Config, { log = createLog({ part: 'api' }), ...given }: Pick<ApiOptions, 'startRun' | 'temporalStatus' | 'log'> = {},
): Promise<ServedApi> {
  const pool = createPool(config.REEVE_DATABASE_URL, { name: 'reeve api', max: 16 });
  const handOver = createHandOver(config, pool, log);
  const masterKey = readMasterKey(config);
  const oidc = readOidcSettings(config);
  const api = createApi({
    ...handOver, ...given, log, pool, config, sitesKey: deriveSitesKey(masterKey), alertsKey: deriveAlertsKey(masterKey),
    peopleKey: derivePeopleKey(masterKey), oidc: oidc && createProvider(oidc),
  });
  const servers: Server[] = [];
  const close = async () => {
    await api.close();
    await Promise.all(servers.map(closeServer));
    await handOver.close();
    await pool.end();
  };
  try {
    for (const host of config.REEVE_API_LISTEN.split(',').map((text) => text.trim()).filter(Boolean)) {
      // The first one's port, should the system have chosen it.
      const port = servers.length > 0 ? portOf(servers[0]!) : config.REEVE_API_PORT;
      const server = await listenOn(createServer(api.app), host, port);
      if (server) servers.push(server);
      else log.info('address is not of this machine', { host });
    }
    if (servers.length === 0) throw new ReeveError('invalid', `the API can listen on none of ${config.REEVE_API_LISTEN}`);
  } catch (error) {
    await close();
    throw error;
  }
  const addresses = servers.map((server) => {
    const { address, family, port } = server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  });
  log.info('listening', { addresses });
  return { addresses, close };
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** Null when this machine has no such address. */
async function listenOn(server: Server, host: string, port: number): Promise<Server | null> {
  // Slow senders are cut off: headers within 10 s, the whole request within 30 s.
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.keepAliveTimeout = 30_000;
  return await new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') resolve(null);
      else if (error.code === 'EADDRINUSE') reject(new ReeveError('conflict', `port ${port} of ${host} is taken`, { port }, error));
      else reject(error);
    });
    server.listen(port, host, () => resolve(server));
  });
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), GRACE_MS);
  await closed;
  clearTimeout(timer);
}
