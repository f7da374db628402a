import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { isId } from '../domain/id.ts';
import { RENDERER_VERSION, type Layout } from '../domain/layout.ts';

/** uWSGI expands much in its files and offers no escape, so a path that reaches one holds only these characters. */
const path = z.string().refine((p) => isAbsolute(p) && /^[A-Za-z0-9._/-]+$/.test(p), 'an absolute path of [A-Za-z0-9._/-]');
const address = z.object({ address: z.string(), port: z.number().int().min(0).max(65535) });

const schema = z.strictObject({
  role: z.enum(['site', 'edge']),
  id: z.string().refine((id) => isId('c', id), 'a container id'),
  slot: z.string(),
  root: path,
  /** Short: sockets live here, and their paths may have 103 bytes. */
  runDir: path,
  /** Where nginx takes requests. */
  listen: address,
  /** More addresses for the same: `::1` beside `127.0.0.1` at an edge. */
  listenAlso: z.array(address).optional(),
  /** Where the agent listens, on loopback; port 0 takes any free one. */
  agentListen: address.default({ address: '127.0.0.1', port: 0 }),
  /** The platform's Postgres, as the agents' own role. */
  databaseUrl: z.string(),
  /** Null runs no worker: nothing but the lease and the timer then reach this container. */
  temporal: z.object({ address: z.string(), namespace: z.string().default('default') }).nullable(),
  /** Null at an edge: it needs no secret. */
  sitesKeyFile: path.nullable(),
  releasesDir: path,
  storesDir: path,
  toolsVenv: path,
  nginx: path,
  nginxUser: z.object({ name: z.string(), uid: z.number().int(), gid: z.number().int() }).nullable(),
  firstUid: z.number().int().nullable(),
  trusted: z.array(z.string()),
  /** At most this many vassals start at a time: starting one takes a core for about a second. */
  pace: z.number().int().min(1).default(2),
  /** False for a container that routes only (benchmarks of light sites); nothing then waits for vassals. */
  emperor: z.boolean().default(true),
  /** nginx's logs are rotated beyond this; 10 MiB if not said. */
  logBytes: z.number().int().min(1).optional(),
  /** An agent that said nothing for so long hangs, and is started again; 30 s if not said. It speaks every two seconds. */
  agentSilenceMs: z.number().int().min(5_000).optional(),
});

/** What a container's supervisor and agent are told, in one JSON file of mode 0600. */
export type ContainerConfig = z.infer<typeof schema>;

/** @throws when the file is missing, is not JSON or has another shape; the message names each field */
export function readConfig(file: string): ContainerConfig {
  const parsed = schema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (!parsed.success) throw new Error(`${file}: ${z.prettifyError(parsed.error)}`);
  return resolved(parsed.data);
}

/** `own` is this machine's first address that others can reach: a container learns its own only when it starts. */
function resolved(config: ContainerConfig): ContainerConfig {
  const place = <Place extends { address: string }>(at: Place): Place => (at.address === 'own' ? { ...at, address: ownAddress() } : at);
  return { ...config, listen: place(config.listen), agentListen: place(config.agentListen) };
}

function ownAddress(): string {
  const own = Object.values(networkInterfaces()).flat().find((one) => one && !one.internal && one.family === 'IPv4');
  if (!own) throw new Error('this machine has no address that others can reach');
  return own.address;
}

export function layoutOf(config: ContainerConfig): Layout {
  const { id, root, runDir, listen, listenAlso, trusted, releasesDir, storesDir, nginxUser, firstUid, toolsVenv, nginx } = config;
  return {
    rendererVersion: RENDERER_VERSION, container: id, root, runDir, listen, trusted, releasesDir, storesDir,
    nginxUser, firstUid, toolsVenv, nginx, ...(listenAlso ? { listenAlso } : {}),
  };
}
