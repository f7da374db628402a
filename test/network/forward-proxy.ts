/** A real forward proxy on the loopback, to which every host is one server of the test's. */
import { createServer, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface ForwardProxy {
  readonly url: string;
  /** What it was asked for, in order: `CONNECT host:port`, or `GET http://…`. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** @param target where it goes whatever it is asked for; a status: it refuses with that */
export async function forwardProxy(target: string | number): Promise<ForwardProxy> {
  const asked: string[] = [];
  const open = new Set<Socket>();
  const { hostname, port } = typeof target === 'number' ? { hostname: '', port: '' } : new URL(target);
  const server = createServer((incoming, answer) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    if (typeof target === 'number') return void answer.writeHead(target).end();
    const { pathname, search } = new URL(incoming.url!);
    const going = request({ host: hostname, port, method: incoming.method, path: pathname + search, headers: incoming.headers }, (came) => {
      answer.writeHead(came.statusCode!, came.headers);
      came.pipe(answer);
    });
    incoming.pipe(going);
  });
  server.on('connection', (socket) => void open.add(socket));
  server.on('connect', (incoming, near: Socket) => {
    asked.push(`CONNECT ${incoming.url}`);
    if (typeof target === 'number') return void near.end(`HTTP/1.1 ${target} Refused\r\n\r\n`);
    const far = connect(Number(port), hostname, () => {
      near.write('HTTP/1.1 200 OK\r\n\r\n');
      near.pipe(far).pipe(near);
    });
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('error', () => {});
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
