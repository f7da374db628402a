import { z } from 'zod';
import type { DockerFile } from '../../cluster/docker-file.ts';
import type { Config } from '../../config.ts';
import { ReeveError } from '../../domain/errors.ts';

const schema = z.object({
  /** The engine's names, as docker-compose.yml gives them. */
  REEVE_PLATFORM: z.string().default('reeve'),
  REEVE_IMAGE: z.string().default('reeve'),
  REEVE_NETWORK: z.string(),
  REEVE_RELEASES_VOLUME: z.string(),
  REEVE_STORES_VOLUME: z.string(),
  /** The network's addresses: the edge is among them. */
  REEVE_SUBNET: z.string(),
  REEVE_EDGE_FILE: z.string(),
  /** The port that visitors use. */
  REEVE_PUBLIC_PORT: z.coerce.number().int().default(8080),
  /** Site containers on a first start. */
  REEVE_CONTAINERS: z.coerce.number().int().min(0).default(2),
  /** Of the image's user that parts without root run as. */
  REEVE_UID: z.coerce.number().int().default(900),
  /** Where Temporal keeps its file, and the user that its own image runs as. */
  REEVE_TEMPORAL_DIR: z.string(),
  REEVE_TEMPORAL_UID: z.coerce.number().int().default(1000),
  REEVE_DOCKER_FILE: z.string(),
});

/** What `reeve compose-setup` is told besides what every part is. */
export type ComposePlace = z.infer<typeof schema>;

/** @throws ReeveError `invalid`, naming each variable that is missing or wrong */
export function readComposePlace(environment: NodeJS.ProcessEnv = process.env): ComposePlace {
  const parsed = schema.safeParse(environment);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
  throw new ReeveError('invalid', `the environment is not right: ${errors.map((e) => `${e.path}: ${e.message}`).join('; ')}`, { errors });
}

/** Debian's user for web servers, as the image has it. */
const NGINX_USER = { name: 'www-data', uid: 33, gid: 33 } as const;
const FIRST_UID = 200_000;

export function dockerFileOf(config: Config, place: ComposePlace, agentDatabaseUrl: string, sitesKeyFile: string): DockerFile {
  return {
    platform: place.REEVE_PLATFORM, image: place.REEVE_IMAGE, network: place.REEVE_NETWORK,
    releases: { volume: place.REEVE_RELEASES_VOLUME, path: config.REEVE_RELEASES_DIR },
    stores: { volume: place.REEVE_STORES_VOLUME, path: config.REEVE_STORES_DIR },
    agentDatabaseUrl, sitesKeyFile, temporal: { address: config.TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE },
    nginxUser: NGINX_USER, firstUid: FIRST_UID, trusted: [place.REEVE_SUBNET], memoryMiB: null, cpus: null,
  };
}
