import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { readCheckedFile, safePath as path } from './checked-file.ts';

/** In no file of a container, so it may hold anything. */
const program = z.string().refine(isAbsolute, 'must be an absolute path');
const port = z.int().min(1).max(65_535);
const user = z.strictObject({ name: z.string().min(1), uid: z.int().min(0), gid: z.int().min(0) });

const schema = z.strictObject({
  /** Containers live below it, each in `containers/<id>`. */
  home: path,
  /** Short: a container's sockets are below `<runDir>/<id>`, and a socket's path has 103 bytes at most. */
  runDir: path,
  /** The Node that runs Reeve. */
  node: program,
  /** Holds bin/python3 and pyuwsgi, for the emperor. */
  toolsVenv: path,
  nginx: path,
  /** The interpreter that releases' virtual environments are made from. */
  python: z.strictObject({ path: program, version: z.string() }),
  /** nginx's workers; null when not root. */
  nginxUser: user.nullable(),
  /** A site's system user is this + its number; null when not root: sites are then not isolated from each other. */
  firstUid: z.int().min(1).nullable(),
  /** The platform's database as the agents' role. A secret. */
  agentDatabaseUrl: z.url(),
  sitesKeyFile: path,
  releasesDir: path,
  storesDir: path,
  temporal: z.strictObject({ address: z.string().min(1), namespace: z.string().min(1) }),
  /** Where visitors reach the edge. */
  edgeListen: z.strictObject({ addresses: z.array(z.string().min(1)).min(1), port }),
  /** Containers take visitors' requests from the edge on one of these each. */
  containerPorts: z.strictObject({ from: port, to: port }).refine((range) => range.from <= range.to, 'must not be empty'),
  /** Peers of the containers whose X-Forwarded-* are believed, as addresses or CIDR: the edge. */
  trusted: z.array(z.string()),
});

/** What the process driver and the release tools must know of this machine; `reeve up` writes it. */
export type LocalFile = z.infer<typeof schema>;

/** @throws ReeveError `invalid` that names each field that is missing or wrong */
export function readLocalFile(file: string): LocalFile {
  return readCheckedFile(file, schema);
}
