/** A site container as the Docker engine is asked for it. Holds no secret: `docker inspect` shows all of it. */
import type Docker from 'dockerode';
import type { ContainerConfig } from '../agent/config.ts';
import type { DockerFile } from './docker-file.ts';

export interface Slot {
  readonly id: string;
  readonly slot: string;
}

export const CONFIG_FILE = '/etc/reeve/config.json';
export const SITES_KEY_FILE = '/etc/reeve/sites.key';
export const ROOT = '/var/lib/reeve/container';
/** Where the image has them (deploy/Dockerfile). */
const TOOLS_VENV = '/opt/tools';
const NGINX = '/usr/sbin/nginx';
const HEALTHY = '/opt/reeve/deploy/healthy.mjs';
const PORT = 8080;
const AGENT_PORT = 8090;
/** One name for every agent of the network: Prometheus finds them by it (deploy/prometheus), without the engine's socket. */
const AGENTS_ALIAS = 'reeve-agents';

/** What changing to each site's user takes, and nothing more. */
const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'KILL', 'SETGID', 'SETUID'];
const SECONDS = 1_000_000_000;

/** One container a slot, by its name; characters that names cannot hold are spelt out. */
export function nameOf({ platform }: DockerFile, slot: string): string {
  return `${platform}-site-${slot.replace(/[^A-Za-z0-9.-]/g, (one) => `_${one.codePointAt(0)!.toString(16)}_`)}`;
}

export function createOptions(file: DockerFile, { id, slot }: Slot, entrypoint?: readonly string[]): Docker.ContainerCreateOptions {
  return {
    name: nameOf(file, slot),
    Image: file.image,
    // Root inside, to have one user for each site; without the capabilities that would make it root outside.
    User: '0:0',
    Hostname: id,
    Labels: { 'reeve.platform': file.platform, 'reeve.container': id, 'reeve.slot': slot },
    ...(entrypoint ? { Entrypoint: [...entrypoint] } : { Cmd: ['container-run', CONFIG_FILE] }),
    Healthcheck: {
      Test: ['CMD', 'node', HEALTHY, `http://own:${AGENT_PORT}/healthz`],
      Interval: 15 * SECONDS, Timeout: 5 * SECONDS, StartPeriod: 30 * SECONDS, Retries: 3,
    },
    StopSignal: 'SIGTERM',
    NetworkingConfig: { EndpointsConfig: { [file.network]: { Aliases: [AGENTS_ALIAS] } } },
    HostConfig: {
      NetworkMode: file.network,
      // Also when the machine starts again; one that is drained loses it first.
      RestartPolicy: { Name: 'unless-stopped' },
      CapDrop: ['ALL'], CapAdd: CAPABILITIES, SecurityOpt: ['no-new-privileges'],
      Mounts: [
        { Type: 'volume', Source: file.releases.volume, Target: file.releases.path, ReadOnly: true },
        { Type: 'volume', Source: file.stores.volume, Target: file.stores.path },
      ],
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
      ...(file.memoryMiB === null ? {} : { Memory: file.memoryMiB * 1_048_576 }),
      ...(file.cpus === null ? {} : { NanoCpus: Math.round(file.cpus * SECONDS) }),
    },
  };
}

/** What its supervisor and agent are told; `own` addresses are the container's on the network. */
export function containerConfig(file: DockerFile, { id, slot }: Slot): ContainerConfig {
  return {
    role: 'site', id, slot, root: ROOT, runDir: '/run/reeve',
    listen: { address: 'own', port: PORT }, agentListen: { address: 'own', port: AGENT_PORT },
    databaseUrl: file.agentDatabaseUrl, temporal: file.temporal, sitesKeyFile: SITES_KEY_FILE,
    releasesDir: file.releases.path, storesDir: file.stores.path, toolsVenv: TOOLS_VENV, nginx: NGINX,
    nginxUser: file.nginxUser, firstUid: file.firstUid, trusted: file.trusted, pace: 2, emperor: true,
  };
}
