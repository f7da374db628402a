import { request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | undefined>;
  readonly text: string;
}

/** One HTTP request on a connection of its own, with exactly this Host and path. */
export function ask(options: {
  socket?: string; port?: number; address?: string; host: string; path?: string; method?: string;
  headers?: Record<string, string>; body?: string | Buffer;
}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({
      ...(options.socket ? { socketPath: options.socket } : { host: options.address ?? '127.0.0.1', port: options.port }),
      path: options.path ?? '/', method: options.method ?? 'GET', agent: false, setHost: false,
      headers: { Host: options.host, Connection: 'close', ...options.headers },
    }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({
        status: response.statusCode!, headers: response.headers as Record<string, string>, text: Buffer.concat(chunks).toString('utf8'),
      }));
    });
    sent.on('error', reject);
    sent.end(options.body);
  });
}
