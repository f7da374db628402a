/** An engine that fails when a test says so: what stands before the real one, and passes on request by request. */
import { createServer, request } from 'node:http';

/** No answer at all; or a refusal in the engine's own form. */
export type EngineFault = 'away' | { readonly status: number; readonly message: string };

export interface FaultyEngine {
  /** Asked of each request: what happens to it; null lets it pass. */
  fault: (method: string, path: string) => EngineFault | null;
  close(): Promise<void>;
}

/**
 * @param real    the engine's socket
 * @param socket  where this one listens
 */
export async function faultyEngine(real: string, socket: string): Promise<FaultyEngine> {
  const engine = { fault: (): EngineFault | null => null } as Pick<FaultyEngine, 'fault'>;
  const server = createServer((asked, answer) => {
    const fault = engine.fault(asked.method!, asked.url!);
    if (fault === 'away') return asked.socket.destroy();
    if (fault !== null) return answer.writeHead(fault.status, { 'content-type': 'application/json' }).end(JSON.stringify({ message: fault.message }));
    const passed = request({ socketPath: real, method: asked.method, path: asked.url, headers: asked.headers }, (said) => {
      answer.writeHead(said.statusCode!, said.headers);
      said.pipe(answer);
    });
    passed.on('error', () => asked.socket.destroy());
    asked.pipe(passed);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socket, resolve));
  return Object.assign(engine, {
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

/** `POST /containers/<id>/start`: by then the container was made. */
export const isStart = (method: string, path: string) => method === 'POST' && /\/containers\/[^/]+\/start\b/.test(path);
