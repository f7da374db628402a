import { randomInt, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { ReeveError } from '../domain/errors.ts';
import { containerIds } from './process-files.ts';
import type { LocalFile } from './local-file.ts';
import { linked } from '../process/linked.ts';

type Place = Pick<LocalFile, 'home' | 'containerPorts'>;

/**
 * A container's own port on loopback, the same at each of its starts. Claimed by a file that names the container, made
 * by link(2): two launches at once never get the same one. Claims of containers that are gone are free. Looked for from
 * anywhere in the range: two homes on one machine, which know nothing of each other's claims, rarely come to the same one
 * before either listens there.
 * @throws ReeveError `conflict` when none is left
 */
export async function claimPort(local: Place, id: string): Promise<number> {
  const directory = claimsOf(local);
  mkdirSync(directory, { recursive: true });
  const { from, to } = local.containerPorts;
  const own = readdirSync(directory).find((name) => /^\d+$/.test(name) && claimant(directory, name) === id);
  if (own && Number(own) >= from && Number(own) <= to) return Number(own);
  const draft = `${directory}/.${id}.${randomUUID()}`;
  writeFileSync(draft, id);
  try {
    const size = to - from + 1;
    const first = randomInt(size);
    for (let n = 0; n < size; n += 1) {
      const port = from + ((first + n) % size);
      const holder = claimant(directory, String(port));
      if (holder !== null && containerIds(local).includes(holder)) continue;
      if (holder !== null) rmSync(`${directory}/${port}`, { force: true });
      if (!(await isFree(port)) || !linked(draft, `${directory}/${port}`)) continue;
      return port;
    }
  } finally {
    unlinkSync(draft);
  }
  throw new ReeveError('conflict', `no port from ${from} to ${to} is free for container ${id}`, { from, to });
}

export function releasePorts(local: Place, id: string): void {
  const directory = claimsOf(local);
  mkdirSync(directory, { recursive: true });
  for (const name of readdirSync(directory)) {
    if (claimant(directory, name) === id) rmSync(`${directory}/${name}`, { force: true });
  }
}

const claimsOf = (local: Pick<LocalFile, 'home'>) => `${local.home}/containers/ports`;

function claimant(directory: string, name: string): string | null {
  try {
    return readFileSync(`${directory}/${name}`, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  return promise;
}
