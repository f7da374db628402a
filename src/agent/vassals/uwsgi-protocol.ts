/** One request in uWSGI's own protocol over a Unix socket, as nginx would send it: proof that a vassal answers. */
import { createConnection } from 'node:net';

export interface UwsgiRequest {
  readonly path: string;
  readonly host: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface UwsgiResponse {
  readonly status: number;
  /** Its beginning: 64 KiB with the headers. */
  readonly body: string;
}

/** Of an answer no more is kept: a site's code may answer without end. */
const MOST_KEPT = 64 * 1024;

/** Four bytes: modifier 0, the size of the variables (little-endian), modifier 0; then each name and value with its size. */
export function encodeRequest(variables: Readonly<Record<string, string>>): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of Object.entries(variables)) {
    for (const text of [Buffer.from(name), Buffer.from(value)]) {
      const size = Buffer.alloc(2);
      size.writeUInt16LE(text.length);
      parts.push(size, text);
    }
  }
  const body = Buffer.concat(parts);
  if (body.length > 0xffff) throw new RangeError(`a uwsgi request takes 65,535 bytes of variables, not ${body.length}`);
  const head = Buffer.alloc(4);
  head.writeUInt16LE(body.length, 1);
  return Buffer.concat([head, body]);
}

function variablesOf({ path, host, headers = {} }: UwsgiRequest): Record<string, string> {
  const [pathInfo, query = ''] = path.split('?', 2) as [string, string?];
  return {
    REQUEST_METHOD: 'GET', REQUEST_URI: path, PATH_INFO: pathInfo, QUERY_STRING: query, SCRIPT_NAME: '',
    SERVER_PROTOCOL: 'HTTP/1.1', SERVER_NAME: host, SERVER_PORT: '80', HTTP_HOST: host,
    // As nginx marks its probes: a health path is closed to everyone else.
    REMOTE_ADDR: '127.0.0.1', HTTP_USER_AGENT: 'Reeve-Probe', REEVE_PROBE: '1', CONTENT_LENGTH: '', CONTENT_TYPE: '',
    ...Object.fromEntries(Object.entries(headers).map(([k, v]) => [`HTTP_${k.toUpperCase().replaceAll('-', '_')}`, v])),
  };
}

/**
 * @throws when nothing answers within `timeoutMs`, the connection breaks, or the answer is not HTTP
 */
export function requestUwsgi(socketPath: string, request: UwsgiRequest, timeoutMs: number): Promise<UwsgiResponse> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let kept = 0;
    const socket = createConnection(socketPath);
    const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    socket.on('connect', () => socket.write(encodeRequest(variablesOf(request))));
    socket.on('data', (chunk) => {
      if (kept < MOST_KEPT) chunks.push(chunk);
      kept += chunk.length;
    });
    socket.on('error', (error) => { clearTimeout(timer); reject(error); });
    socket.on('close', () => {
      clearTimeout(timer);
      const text = Buffer.concat(chunks).toString('utf8');
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1];
      if (status === undefined) reject(new Error(text === '' ? 'closed without an answer' : 'the answer is not HTTP'));
      else resolve({ status: Number(status), body: text.slice(text.indexOf('\r\n\r\n') + 4) });
    });
  });
}
