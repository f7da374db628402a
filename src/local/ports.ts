import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { claimPort } from './port-claims.ts';
import type { Home } from './home.ts';

/** The port was free when it was chosen, or is the caller's own choice, and something else listens on it. */
export class PortTakenError extends Error {
  readonly port: number;

  constructor(port: number) {
    super(`port ${port} is taken`);
    this.name = 'PortTakenError';
    this.port = port;
  }
}

export interface ChosenPort {
  readonly port: number;
  /** The one it would have been (remembered, else preferred), where that was taken. */
  readonly insteadOf?: number;
}

const TRIES = 200;
const STARTS = 5;

/**
 * The port for a part of the platform, by name: the one it had before, else the preferred one, else the next that
 * is free on 127.0.0.1 and ::1, that no other name has, and that no other start has chosen and not yet used. It is
 * remembered, so that addresses stay the same, and this process's own as long as it runs.
 * Calls for one home must not overlap.
 *
 * @throws PortTakenError where none of the 200 that follow is free.
 */
export async function choosePort(home: Pick<Home, 'portsFile'>, name: string, preferred: number): Promise<ChosenPort> {
  const remembered = readPorts(home.portsFile);
  const wanted = remembered[name] ?? preferred;
  const others = new Set(Object.entries(remembered).filter(([other]) => other !== name).map(([, port]) => port));
  for (let port = wanted; port < wanted + TRIES && port < 65_536; port += 1) {
    // Claimed before it is tried: trying one takes it for a moment, in which the start that has it may begin to listen.
    if (others.has(port) || !(await claimPort(port)) || !(await isPortFree(port))) continue;
    if (remembered[name] !== port) writePorts(home.portsFile, { ...remembered, [name]: port });
    return port === wanted ? { port } : { port, insteadOf: wanted };
  }
  throw new PortTakenError(wanted);
}

/**
 * Start something on a port that was free when it was chosen; where something else has taken it since, once more on another.
 * @param instead chooses that other one; the next start is on it
 * @throws PortTakenError when that has happened five times; whatever else the start throws
 */
export async function startOnFreePort<T>(start: () => Promise<T>, instead: (taken: number) => Promise<void>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof PortTakenError) || tries === STARTS) throw error;
      await instead(error.port);
    }
  }
}

/** What each name has; empty before the first choice. */
export function readPorts(file: string): Record<string, number> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

function writePorts(file: string, ports: Record<string, number>): void {
  writeFileSync(`${file}.part`, `${JSON.stringify(ports, null, 2)}\n`);
  renameSync(`${file}.part`, file);
}

/** Whether both loopback addresses could listen on it; a machine without IPv6 counts as free there. */
export async function isPortFree(port: number): Promise<boolean> {
  return (await canListen('127.0.0.1', port)) && (await canListen('::1', port));
}

function canListen(host: string, port: number): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
    else if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') resolve(true);
    else reject(error);
  });
  server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  return promise;
}

/** Whether something accepts connections there now. */
export function isListening(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host, port, timeout: 1_000 });
  const finish = (answer: boolean) => {
    socket.destroy();
    resolve(answer);
  };
  socket.once('connect', () => finish(true));
  socket.once('timeout', () => finish(false));
  socket.once('error', () => finish(false));
  return promise;
}
