import { fileURLToPath } from 'node:url';
import type { ContainerConfig } from '../agent/config.ts';
import { endLeftovers } from '../agent/supervise/pids.ts';
import { endAll, isRunning } from '../agent/supervise/processes.ts';
import { ReeveError } from '../domain/errors.ts';
import type { ClusterDriver, ContainerInfo, ContainerRef, ContainerSpec } from './driver.ts';
import type { LocalFile } from './local-file.ts';
import { claimPort, releasePorts } from './ports.ts';
import {
  type ContainerFiles, containerIds, filesOf, lastSaid, makeRoot, readConfigFile, readIncarnation, readProcessFile,
  removeRoot, writeConfigFile,
} from './process-files.ts';
import { killRemains, startSupervisor } from './start.ts';

const REEVE = fileURLToPath(new URL('../bin/reeve.ts', import.meta.url));
/** Longer than a supervisor takes at most: draining 5 s, nginx 30 s, the emperor 15 s, the agent 5 s. */
const GRACE_MS = 65_000;

export interface ProcessDriverOptions {
  readonly local: LocalFile;
  /** Starts a container when the path of its configuration is added: `reeve container-run`. */
  readonly command?: readonly string[];
  /** Milliseconds between asking a container to end and killing it. */
  readonly graceMs?: number;
}

/** Containers as child processes on this machine, each with a root, a directory for its sockets, and a port of its own. */
export function createProcessDriver({ local, command, graceMs = GRACE_MS }: ProcessDriverOptions): ClusterDriver {
  const start = command ?? [local.node, REEVE, 'container-run'];

  return {
    scaling: 'own',

    async launch(spec, slotKey) {
      const files = filesOf(local, spec.id);
      const other = all(local).find((one) => one.slot === slotKey && one.id !== spec.id);
      if (other) throw new ReeveError('conflict', `slot ${slotKey} is container ${other.id}’s`, { slot: slotKey });
      const own = readConfigFile(files);
      if (own && own.slot !== slotKey) {
        throw new ReeveError('conflict', `container ${spec.id} has slot ${own.slot}, not ${slotKey}`, { slot: slotKey });
      }
      const running = readProcessFile(files);
      if (!running || !isRunning(running)) {
        makeRoot(files);
        // Written at each start: addresses of the platform's parts may have changed since the last one.
        writeConfigFile(files, await configOf(local, spec, slotKey, files));
      }
      await startSupervisor(files, [...start, files.config]);
      return infoOf(local, spec.id)!;
    },

    async drain(container) {
      refuseStale(filesOf(local, container.id), container);
    },

    async end(container) {
      const files = filesOf(local, container.id);
      refuseStale(files, container);
      await endProcesses(files, graceMs);
      removeRoot(files);
      releasePorts(local, container.id);
    },

    async list() {
      return all(local);
    },

    async inspect(id) {
      return infoOf(local, id);
    },
  };
}

async function configOf(
  local: LocalFile, spec: ContainerSpec, slot: string, files: ContainerFiles,
): Promise<ContainerConfig> {
  const edge = spec.role === 'edge';
  const [listen, ...also] = edge
    ? local.edgeListen.addresses.map((address) => ({ address, port: local.edgeListen.port }))
    : [{ address: '127.0.0.1', port: await claimPort(local, spec.id) }];
  return {
    role: spec.role, id: spec.id, slot, root: files.root, runDir: files.runDir,
    listen: listen!, ...(also.length > 0 ? { listenAlso: also } : {}),
    agentListen: { address: '127.0.0.1', port: 0 },
    databaseUrl: local.agentDatabaseUrl, temporal: local.temporal, sitesKeyFile: edge ? null : local.sitesKeyFile,
    releasesDir: local.releasesDir, storesDir: local.storesDir, toolsVenv: local.toolsVenv, nginx: local.nginx,
    nginxUser: local.nginxUser, firstUid: local.firstUid, trusted: edge ? [] : local.trusted, pace: 2, emperor: !edge,
  };
}

function infoOf(local: LocalFile, id: string): ContainerInfo | null {
  const files = filesOf(local, id);
  const config = readConfigFile(files);
  if (!config) return null;
  const started = readProcessFile(files);
  return {
    id, role: config.role, slot: config.slot, running: started !== null && isRunning(started), lastLines: lastSaid(files),
  };
}

function all(local: LocalFile): ContainerInfo[] {
  return containerIds(local).flatMap((id) => infoOf(local, id) ?? []);
}

/** One that has not joined yet has no incarnation to compare: then the platform's row, which was asked before, decides. */
function refuseStale(files: ContainerFiles, { id, incarnation }: ContainerRef): void {
  const now = readIncarnation(files);
  if (now === null || now === incarnation) return;
  throw new ReeveError('superseded', `container ${id} runs incarnation ${now}, not ${incarnation}`,
    { subject: `container:${id}`, incarnation: now });
}

/** The supervisor is asked alone, and ends its children in order; what is left after the grace is killed. */
async function endProcesses(files: ContainerFiles, graceMs: number): Promise<void> {
  const supervisor = readProcessFile(files);
  if (!supervisor) return;
  await endAll(isRunning(supervisor) ? [supervisor] : [], 'SIGTERM', graceMs);
  await killRemains(supervisor, files.root);
  // Children lead groups of their own, which the supervisor wrote down.
  await endLeftovers(files.root);
}
