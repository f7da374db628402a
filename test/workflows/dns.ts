/** A DNS server that knows TXT records alone. */
import { createSocket } from 'node:dgram';

export interface DnsServer {
  readonly address: string;
  set(name: string, texts: readonly string[]): void;
  /** While true it knows nothing, not even whether there are any: SERVFAIL. */
  fails: boolean;
  close(): Promise<void>;
}

export async function startDns(): Promise<DnsServer> {
  const records = new Map<string, readonly string[]>();
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => socket.send(answer(query, records, server.fails), port, address));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const server: DnsServer = {
    fails: false,
    address: `127.0.0.1:${socket.address().port}`,
    set: (name, texts) => void records.set(name, texts),
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
  return server;
}

/** RFC 1035: the header with its question again, then one TXT record for each text. */
function answer(query: Buffer, records: ReadonlyMap<string, readonly string[]>, fails: boolean): Buffer {
  const labels: string[] = [];
  let at = 12;
  while (query[at]! > 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!));
    at += 1 + query[at]!;
  }
  const question = query.subarray(12, at + 5);
  const texts = fails ? [] : records.get(labels.join('.').toLowerCase()) ?? [];
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  // An answer, recursion available; 2 is "the server failed", 3 "no such name".
  header.writeUInt16BE(0x8180 | (fails ? 2 : texts.length > 0 ? 0 : 3), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(texts.length, 6);
  const rows = texts.map((text) => {
    const data = Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
    const row = Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 0, 0, data.length]);
    return Buffer.concat([row, data]);
  });
  return Buffer.concat([header, question, ...rows]);
}
