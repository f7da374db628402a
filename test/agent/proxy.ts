/** A way to Postgres that can be cut and mended, as if the server were away. */
import { connect, createServer, type Socket } from 'node:net';

export interface CutProxy {
  /** The same database, through here. */
  through(url: string): string;
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function createProxy(target: string): Promise<CutProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((client) => {
    if (isCut) return void client.destroy();
    const upstream = connect(Number(port || 5432), hostname);
    for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => {});
      from.on('close', () => { sockets.delete(from); to.destroy(); });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own = (server.address() as { port: number }).port;
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    through: (url) => Object.assign(new URL(url), { host: `127.0.0.1:${own}` }).href,
    cut,
    mend: () => { isCut = false; },
    close: () => new Promise((resolve) => { cut(); server.close(() => resolve()); }),
  };
}
