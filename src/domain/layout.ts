import type { ContainerId } from './id.ts';

/**
 * Where things are in one container. Rendering depends on desired state, on this and on nothing else; the container
 * records it, so that the control worker can compute the same bytes. All paths are absolute and hold only
 * `[A-Za-z0-9._/-]`, since uWSGI expands much else.
 */
export interface Layout {
  /** Another renderer's output is `unknown`, never drift. */
  readonly rendererVersion: number;
  readonly container: ContainerId;
  /** The container's own root: state, nginx, vassals, sites, work, log. */
  readonly root: string;
  /** Short, for sockets (103 bytes at most): `<runDir>/<site>.sock` and so on. */
  readonly runDir: string;
  /** Where visitors' requests arrive, from the edge. */
  readonly listen: { readonly address: string; readonly port: number };
  /** At an edge, more addresses for the same. */
  readonly listenAlso?: readonly { readonly address: string; readonly port: number }[];
  /** Peers whose X-Forwarded-* are believed, as addresses or CIDR: the edge. */
  readonly trusted: readonly string[];
  readonly releasesDir: string;
  readonly storesDir: string;
  /** nginx's workers; null when not root, then everything runs as one user. */
  readonly nginxUser: { readonly name: string; readonly uid: number; readonly gid: number } | null;
  /** A site's system user is this + its number; null when not root: sites are then not isolated from each other. */
  readonly firstUid: number | null;
  /** Holds bin/python3 and pyuwsgi, for the emperor. */
  readonly toolsVenv: string;
  readonly nginx: string;
}

export const RENDERER_VERSION = 1;

/** Fixed places in a container, so that no two parts spell a path of their own. */
export const places = {
  stateFile: (l: Layout) => `${l.root}/state.json`,
  /** Appended with each accepted change, folded into state.json now and then. */
  stateLog: (l: Layout) => `${l.root}/state.log`,
  /** A cache of what was rendered and written: without it a start only takes longer. */
  memoryFile: (l: Layout) => `${l.root}/memory.json`,
  nginxDir: (l: Layout) => `${l.root}/nginx`,
  /** A symlink to the directory of the configuration in service: a switch is one rename of it. */
  nginxCurrent: (l: Layout) => `${l.root}/nginx/current`,
  emperorLog: (l: Layout) => `${l.root}/log/emperor.log`,
  /** What the supervisor and its children say, where no engine keeps it: a child process's. */
  supervisorLog: (l: Pick<Layout, 'root'>) => `${l.root}/log/supervisor.log`,
  nginxLogs: (l: Layout) => [`${l.root}/log/nginx-access.log`, `${l.root}/log/nginx-error.log`],
  nginxPid: (l: Layout) => `${l.root}/nginx/nginx.pid`,
  vassalsDir: (l: Layout) => `${l.root}/vassals`,
  vassalFile: (l: Layout, site: string, digest: string) => `${l.root}/vassals/${site}.${digest}.ini`,
  siteFile: (l: Layout, site: string) => `${l.root}/sites/${site}.json`,
  envFile: (l: Layout, site: string) => `${l.root}/sites/${site}.env`,
  workDir: (l: Layout, site: string) => `${l.root}/work/${site}`,
  logDir: (l: Layout, site: string) => `${l.root}/log/sites/${site}`,
  storeDir: (l: Layout, site: string) => `${l.storesDir}/${site}`,
  /** What nginx connects to; a symlink to the socket of the vassal in service. */
  siteSocket: (l: Layout, site: string) => `${l.runDir}/${site}.sock`,
  /** Owned by the site's user, group nginx, 0750: no other site's user can enter. */
  vassalSocketDir: (l: Layout, site: string) => `${l.runDir}/v/${site}`,
  vassalSocket: (l: Layout, site: string, digest: string) => `${l.runDir}/v/${site}/${digest}.sock`,
  /** 0700, the agent's own: sites' users may pass through runDir (0711), and nginx makes every socket 0666. */
  ownDir: (l: Layout) => `${l.runDir}/own`,
  emperorStats: (l: Layout) => `${l.runDir}/own/emperor.stats`,
  /** nginx's own listener for probes and proofs: no visitor and no other user can reach it. */
  probeSocket: (l: Layout) => `${l.runDir}/own/probe.sock`,
  /** At an edge, for its nginx alone; not in ownDir, which nginx's workers cannot enter. */
  relaySocket: (l: Pick<Layout, 'runDir'>) => `${l.runDir}/relay.sock`,
  /** Hostnames that are newer than nginx's files: a link each, to a directory named by what it serves (src/agent/nginx/overlay.ts). */
  overlayLinks: (l: Pick<Layout, 'runDir'>) => `${l.runDir}/new/hostnames`,
  overlayValues: (l: Pick<Layout, 'runDir'>) => `${l.runDir}/new/values`,
  release: (l: Layout, release: string) => `${l.releasesDir}/${release}`,
} as const;
