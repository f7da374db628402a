import type { Config } from '../config.ts';
import { ReeveError } from '../domain/errors.ts';
import { createDockerDriver } from './docker.ts';
import { readDockerFile } from './docker-file.ts';
import type { ClusterDriver } from './driver.ts';
import { readLocalFile } from './local-file.ts';
import { createProcessDriver } from './process.ts';

export interface Cluster {
  readonly driver: ClusterDriver;
  /** System users, alike in the control worker and in every container: they share the stores. */
  readonly users: { readonly firstUid: number | null; readonly nginxUser: { readonly gid: number } | null };
}

/**
 * How containers are run here: as the configuration says.
 * @throws ReeveError `invalid` when it says nothing, or what cannot be read
 */
export function openCluster(config: Pick<Config, 'REEVE_DOCKER_FILE' | 'REEVE_LOCAL_FILE'>): Cluster {
  if (config.REEVE_DOCKER_FILE) {
    const file = readDockerFile(config.REEVE_DOCKER_FILE);
    return { driver: createDockerDriver({ file }), users: file };
  }
  if (!config.REEVE_LOCAL_FILE) throw new ReeveError('invalid', 'neither REEVE_LOCAL_FILE nor REEVE_DOCKER_FILE is set: one says how containers are run here');
  const local = readLocalFile(config.REEVE_LOCAL_FILE);
  return { driver: createProcessDriver({ local }), users: local };
}
