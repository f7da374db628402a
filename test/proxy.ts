/** A way to a real server that can be cut, as a network is. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

export interface Proxy {
  /** `127.0.0.1:<port>` */
  readonly address: string;
  /** End all connections, and refuse new ones. */
  cut(): Promise<void>;
  restore(): Promise<void>;
}

/** @param target  `host:port`; begins restored */
export async function startProxy(target: string): Promise<Proxy> {
  const [host, port] = target.split(':') as [string, string];
  const open = new Set<Socket>();
  let own = 0;
  let server: Server | undefined;
  const listen = async () => {
    server = createServer((near) => {
      const far = connect(Number(port), host);
      for (const [socket, other] of [[near, far], [far, near]] as const) {
        open.add(socket);
        socket.on('error', () => {}).on('close', () => {
          open.delete(socket);
          other.destroy();
        });
        socket.pipe(other);
      }
    });
    server.listen(own, '127.0.0.1');
    await once(server, 'listening');
    own = (server.address() as { port: number }).port;
  };
  await listen();
  return {
    address: `127.0.0.1:${own}`,
    async cut() {
      const closed = server && once(server, 'close');
      server?.close();
      server = undefined;
      for (const socket of open) socket.destroy();
      await closed;
    },
    restore: listen,
  };
}
