import Docker from 'dockerode';
import { setTimeout as delay } from 'node:timers/promises';
import { ReeveError } from '../domain/errors.ts';
import { createOptions, nameOf } from './docker-container.ts';
import { asked, isStatus, unless } from './docker-errors.ts';
import type { DockerFile } from './docker-file.ts';
import { readIncarnation, secretFiles } from './docker-files.ts';
import { lastLines } from './docker-log.ts';
import type { ClusterDriver, ContainerInfo, ContainerRef } from './driver.ts';

/** Longer than a supervisor takes at most: draining 5 s, nginx 30 s, the emperor 15 s, the agent 5 s. */
const GRACE_SECONDS = 65;
const GONE_WITHIN_MS = 30_000;
const MADE_WITHIN_MS = 10_000;
const LIST_TRIES = 20;

export interface DockerDriverOptions {
  readonly file: DockerFile;
  /** By default the engine that DOCKER_HOST names, or the usual socket. */
  readonly docker?: Docker;
  /** Instead of the image's own entry point: for the driver's tests. */
  readonly entrypoint?: readonly string[];
  /** Seconds between asking a container to end and killing it. */
  readonly graceSeconds?: number;
}

/**
 * Containers of a Docker engine, on one network. A container's name follows from its slot, so of two launches at once
 * the engine itself refuses one; all else is in labels, so a control worker that has just started finds what runs.
 */
export function createDockerDriver(
  { file, docker = new Docker(), entrypoint, graceSeconds = GRACE_SECONDS }: DockerDriverOptions,
): ClusterDriver {
  const all = async (...labels: string[]): Promise<Docker.ContainerInfo[]> => await asked(async () => {
    for (let tries = 0; ; tries += 1) {
      try {
        return await docker.listContainers({ all: true, filters: { label: [`reeve.platform=${file.platform}`, ...labels] } });
      } catch (error) {
        // A list says 404 when one of its containers comes or goes meanwhile (engine 20.10).
        if (!isStatus(error, 404) || tries === LIST_TRIES) throw error;
        await delay(50);
      }
    }
  });
  const find = async (id: string): Promise<Docker.ContainerInfo | null> => (await all(`reeve.container=${id}`))[0] ?? null;

  async function describe(found: Docker.ContainerInfo): Promise<ContainerInfo> {
    const running = found.State === 'running';
    return {
      id: found.Labels['reeve.container']!, role: 'site', slot: found.Labels['reeve.slot']!, running,
      lastLines: running ? [] : await lastLines(docker.getContainer(found.Id)),
    };
  }

  async function refuseOther(id: string, slot: string): Promise<Docker.ContainerInfo | null> {
    const [[ofSlot], ofId] = [await all(`reeve.slot=${slot}`), await find(id)];
    if (ofSlot && ofSlot.Labels['reeve.container'] !== id) {
      throw new ReeveError('conflict', `slot ${slot} is container ${ofSlot.Labels['reeve.container']}’s`, { slot });
    }
    if (ofId && ofId.Labels['reeve.slot'] !== slot) {
      throw new ReeveError('conflict', `container ${id} has slot ${ofId.Labels['reeve.slot']}, not ${slot}`, { slot });
    }
    return ofId;
  }

  /** The container of this id and slot: found, or made, by whichever launcher was first. */
  async function have(id: string, slot: string): Promise<Docker.ContainerInfo | Docker.Container> {
    for (const deadline = Date.now() + MADE_WITHIN_MS; ; ) {
      const present = await refuseOther(id, slot);
      if (present) return present;
      try {
        return await docker.createContainer(createOptions(file, { id, slot }, entrypoint));
      } catch (error) {
        if (!isStatus(error, 409)) throw error;
        // The engine reserves a name some time before it shows whose it is.
        if (Date.now() > deadline) throw new ReeveError('conflict', `the name ${nameOf(file, slot)} is taken by a container that is not ours`, { slot }, error);
        await delay(50);
      }
    }
  }

  /** While another launcher makes one, the engine (20.10) lists it some time before it knows it by its id. */
  async function haveKnown(id: string, slot: string): Promise<Docker.Container | 'running'> {
    for (const deadline = Date.now() + MADE_WITHIN_MS; ; await delay(50)) {
      const found = await have(id, slot);
      if ('State' in found && found.State === 'running') return 'running';
      const own = docker.getContainer('Id' in found ? found.Id : found.id);
      if (await own.inspect().catch(unless(404))) return own;
      if (Date.now() > deadline) throw new ReeveError('unavailable', `the engine lists container ${id}, and does not find it`);
    }
  }

  return {
    scaling: 'own',

    async launch({ id, role }, slot) {
      if (role !== 'site') throw new ReeveError('invalid', 'an edge is a service of the compose file: the Docker driver launches site containers', { role });
      await asked(async () => {
        const own = await haveKnown(id, slot);
        if (own === 'running') return;
        // At each start: addresses of the platform's parts may have changed since the last one.
        await own.putArchive(secretFiles(file, { id, slot }), { path: '/' });
        await own.start().catch(unless(304));
      });
      return await describe((await find(id))!);
    },

    async drain(container) {
      const found = await find(container.id);
      if (!found) return;
      const own = docker.getContainer(found.Id);
      await refuseStale(own, container);
      await asked(() => forbidRestart(own));
    },

    async end(container) {
      const found = await find(container.id);
      if (!found) return;
      const own = docker.getContainer(found.Id);
      await refuseStale(own, container);
      await asked(async () => {
        await forbidRestart(own);
        // Its supervisor drains and stops its parts in order; what is left after the grace is killed.
        await own.stop({ t: graceSeconds }).catch(unless(304, 404));
        await own.remove({ v: true, force: true }).catch(unless(404, 409));
      });
      // 409: another one is removing it.
      const deadline = Date.now() + GONE_WITHIN_MS;
      while (await find(container.id)) {
        if (Date.now() > deadline) throw new ReeveError('unavailable', `the engine does not remove container ${container.id}`);
        await delay(50);
      }
    },

    async list() {
      return await Promise.all((await all()).map(describe));
    },

    async inspect(id) {
      const found = await find(id);
      return found ? await describe(found) : null;
    },
  };
}

/** One that has not joined yet has no incarnation to compare: then the platform's row, which was asked before, decides. */
async function refuseStale(own: Docker.Container, { id, incarnation }: ContainerRef): Promise<void> {
  const now = await asked(() => readIncarnation(own));
  if (now === null || now === incarnation) return;
  throw new ReeveError('superseded', `container ${id} runs incarnation ${now}, not ${incarnation}`,
    { subject: `container:${id}`, incarnation: now });
}

/** A container ends by itself when the platform wants it so, and must not come back then. */
async function forbidRestart(own: Docker.Container): Promise<void> {
  try {
    await own.update({ RestartPolicy: { Name: 'no' } });
  } catch (error) {
    // The engine (20.10) answers 500 for one that is between two starts; `end` stops that one for good.
    const now = await own.inspect().catch(unless(404));
    if (now?.State.Running && !now.State.Restarting) throw error;
  }
}
