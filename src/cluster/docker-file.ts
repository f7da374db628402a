import { z } from 'zod';
import { readCheckedFile, safePath as path } from './checked-file.ts';

const word = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'must be letters, digits and _ . -');

const schema = z.strictObject({
  /** Tells the containers of this platform from others on the same engine. */
  platform: word,
  /** Made from deploy/Dockerfile; present on the engine, or where it pulls from. */
  image: z.string().min(1),
  /** The engine's network in which containers, Postgres, Temporal and the edge find each other. */
  network: word,
  /** The engine's volumes, shared by all containers and the control worker, and where they are mounted. */
  releases: z.strictObject({ volume: word, path }),
  stores: z.strictObject({ volume: word, path }),
  /** The platform's database as the agents' role, as containers reach it. A secret. */
  agentDatabaseUrl: z.url(),
  /** Read by the control worker, and copied into each container. */
  sitesKeyFile: path,
  temporal: z.strictObject({ address: z.string().min(1), namespace: z.string().min(1) }),
  /** nginx's workers, as the image has them. */
  nginxUser: z.strictObject({ name: z.string().min(1), uid: z.int().min(1), gid: z.int().min(1) }),
  /** A site's system user is this + its number, in every container alike: they share the stores. */
  firstUid: z.int().min(1_000),
  /** Peers whose X-Forwarded-* are believed, as addresses or CIDR: the network that the edge is in. */
  trusted: z.array(z.string()).min(1),
  /** Of each container; no limit where it is null. */
  memoryMiB: z.int().min(256).nullable().default(null),
  cpus: z.number().gt(0).nullable().default(null),
});

/** What the Docker driver must know; `reeve compose-setup` writes it. */
export type DockerFile = z.infer<typeof schema>;

/** @throws ReeveError `invalid` that names each field that is missing or wrong */
export function readDockerFile(file: string): DockerFile {
  return readCheckedFile(file, schema);
}
