/** What the files of this room share: an engine (DOCKER_HOST), and a platform's volumes and network. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import type { DockerFile } from '../../src/cluster/docker-file.ts';
import { IMAGE } from './image.ts';
import { removeAll } from './leftovers.ts';

export const docker = new Docker();
/** Of the engine, on this machine: what mounts it, or stands before it. */
export const SOCKET = (process.env.DOCKER_HOST ?? '').replace(/^unix:\/\//, '') || '/var/run/docker.sock';
/** Of this run: whatever begins so is removed when it ends. */
export const PREFIX = process.env.REEVE_TEST_PREFIX!;

export interface Place {
  readonly file: DockerFile;
  /** The engine's containers of this platform, whatever their state. */
  containers(): Promise<Docker.ContainerInfo[]>;
  remove(): Promise<void>;
}

/** A platform's own network and volumes; all of it goes with `remove`. */
export async function dockerPlace(over: Partial<DockerFile> = {}): Promise<Place> {
  const platform = `${PREFIX}${randomBytes(4).toString('hex')}`;
  const directory = mkdtempSync(join(tmpdir(), 'reeve-docker-'));
  writeFileSync(join(directory, 'sites.key'), 'ab'.repeat(32), { mode: 0o600 });
  await docker.createNetwork({ Name: platform, Driver: 'bridge' });
  const volumes = [`${platform}_releases`, `${platform}_stores`];
  for (const Name of volumes) await docker.createVolume({ Name });
  const file: DockerFile = {
    platform, image: IMAGE, network: platform,
    releases: { volume: volumes[0]!, path: '/var/lib/reeve/releases' },
    stores: { volume: volumes[1]!, path: '/var/lib/reeve/stores' },
    agentDatabaseUrl: 'postgres://agent:secret@127.0.0.1:9/none', sitesKeyFile: join(directory, 'sites.key'),
    temporal: { address: '127.0.0.1:9', namespace: 'default' }, nginxUser: { name: 'www-data', uid: 33, gid: 33 },
    firstUid: 200_000, trusted: ['10.0.0.0/8'], memoryMiB: null, cpus: null, ...over,
  };
  return {
    file,
    containers: () => docker.listContainers({ all: true, filters: { label: [`reeve.platform=${platform}`] } }),
    async remove() {
      await removeAll(docker, platform);
      rmSync(directory, { recursive: true });
    },
  };
}
