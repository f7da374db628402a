import type Docker from 'dockerode';
import { setTimeout as delay } from 'node:timers/promises';
import { isStatus } from '../../src/cluster/docker-errors.ts';

/** All that the tests make on an engine has a name that begins so, or a label whose value does; images too, which stay. */
export const FAMILY = 'reevetest';
const OWNERS = ['reeve.platform', 'com.docker.compose.project'];
/** Ten seconds of a tenth each. */
const ROUNDS = 100;
const gone = (error: unknown) => {
  if (!isStatus(error, 404, 409)) throw error;
};

/** Removes containers, then networks and volumes, of the tests whose names begin so; images stay. */
export async function removeAll(docker: Docker, prefix: string): Promise<void> {
  // In rounds: a control worker among them may launch one more while it is removed itself.
  for (let rounds = 0; ; rounds += 1) {
    const some = await containersOf(docker, prefix);
    if (some.length === 0) break;
    // The engine answers 500 while what a container had is still in use; the next round finds it free.
    const refused = (error: unknown) => { if (rounds > ROUNDS || !isStatus(error, 500)) gone(error); };
    await Promise.all(some.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true }).catch(refused)));
    await delay(100);
  }
  for (const { Id, Name } of await docker.listNetworks()) {
    if (!Name.startsWith(prefix)) continue;
    // 403: a container that has just gone still has its place in it.
    for (let rounds = 0; ; rounds += 1) {
      const removed = await docker.getNetwork(Id).remove().then(() => true, (error: unknown) => {
        if (rounds > ROUNDS || !isStatus(error, 403, 500)) gone(error);
        return !isStatus(error, 403, 500);
      });
      if (removed) break;
      await delay(100);
    }
  }
  for (const { Name } of (await docker.listVolumes()).Volumes ?? []) {
    if (Name.startsWith(prefix)) await docker.getVolume(Name).remove().catch(gone);
  }
}

async function containersOf(docker: Docker, prefix: string): Promise<Docker.ContainerInfo[]> {
  for (;;) {
    try {
      const all = await docker.listContainers({ all: true });
      return all.filter(({ Labels }) => OWNERS.some((label) => Labels[label]?.startsWith(prefix)));
    } catch (error) {
      // The engine (20.10) answers so while one of them comes or goes.
      if (!isStatus(error, 404)) throw error;
      await delay(50);
    }
  }
}
