import { connect } from 'node:net';

export interface Answer {
  readonly status: number;
  /** By name in small letters; of repeated ones, all. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
}

/** Sends one request in uWSGI's own protocol, as nginx does, and reads the whole answer. */
export async function ask(
  socket: string,
  variables: Record<string, string>,
  body: Buffer = Buffer.alloc(0),
): Promise<Answer> {
  const pairs = Object.entries(variables).flatMap(([name, value]) => [sized(name), sized(value)]);
  const packet = Buffer.concat(pairs);
  const head = Buffer.from([0, packet.length & 0xff, packet.length >> 8, 0]);
  const raw = await new Promise<Buffer>((resolve, reject) => {
    const chunks: Buffer[] = [];
    const connection = connect(socket, () => connection.write(Buffer.concat([head, packet, body])));
    connection.on('data', (chunk) => chunks.push(chunk));
    connection.on('error', reject);
    connection.on('close', () => resolve(Buffer.concat(chunks)));
  });
  return parse(raw);
}

function sized(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length & 0xff, bytes.length >> 8]), bytes]);
}

function parse(raw: Buffer): Answer {
  const end = raw.indexOf('\r\n\r\n');
  if (end < 0) throw new Error(`not an HTTP answer: ${raw.toString().slice(0, 200)}`);
  const [first, ...lines] = raw.subarray(0, end).toString().split('\r\n');
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  return { status: Number(first!.split(' ')[1]), headers, body: raw.subarray(end + 4).toString() };
}
