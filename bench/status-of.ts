import { connect } from 'node:net';

/** The status that a fresh connection gets; no HTTP client between, since what is measured shares two cores with it. */
export function statusOf(port: number, hostname: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`HEAD / HTTP/1.0\r\nHost: ${hostname}\r\n\r\n`));
    socket.once('data', (chunk) => { resolve(Number(chunk.toString('latin1', 9, 12))); socket.destroy(); });
    socket.once('error', reject);
  });
}
