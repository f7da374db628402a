/** Files that the driver puts into a container and reads from it, as the engine takes them: tar archives. */
import { readFileSync } from 'node:fs';
import type Docker from 'dockerode';
import tar from 'tar-stream';
import { CONFIG_FILE, containerConfig, ROOT, SITES_KEY_FILE, type Slot } from './docker-container.ts';
import { isStatus } from './docker-errors.ts';
import type { DockerFile } from './docker-file.ts';

/** What a container must not show in its environment or to `docker inspect`: 0600, root's, gone with the container. */
export function secretFiles(file: DockerFile, slot: Slot): NodeJS.ReadableStream {
  const pack = tar.pack();
  const add = (path: string, text: string) => pack.entry({ name: path.slice(1), mode: 0o600, uid: 0, gid: 0 }, text);
  pack.entry({ name: 'etc/reeve', type: 'directory', mode: 0o700, uid: 0, gid: 0 });
  add(CONFIG_FILE, `${JSON.stringify(containerConfig(file, slot), null, 2)}\n`);
  add(SITES_KEY_FILE, readFileSync(file.sitesKeyFile, 'utf8'));
  pack.finalize();
  return pack as unknown as NodeJS.ReadableStream;
}

/** The incarnation that the platform gave to this start; null until its agent has joined. */
export async function readIncarnation(container: Docker.Container): Promise<number | null> {
  let archive: NodeJS.ReadableStream;
  try {
    archive = await container.getArchive({ path: `${ROOT}/incarnation.json` });
  } catch (error) {
    if (isStatus(error, 404)) return null;
    throw error;
  }
  const extract = archive.pipe(tar.extract());
  for await (const entry of extract) {
    const parts: Buffer[] = [];
    for await (const part of entry) parts.push(part as Buffer);
    return (JSON.parse(Buffer.concat(parts).toString('utf8')) as { incarnation?: number }).incarnation ?? null;
  }
  return null;
}
