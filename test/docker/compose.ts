/** docker-compose.yml as a person starts it, under a name of its own, with images that stand in for the official ones. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { lastLines } from '../../src/cluster/docker-log.ts';
import { freePort } from '../render/nginx.ts';
import { ROOT } from '../run-files.ts';
import { docker, PREFIX, SOCKET } from './engine.ts';
import { type FaultyEngine, faultyEngine } from './faulty-engine.ts';
import { IMAGE, STAND_INS } from './image.ts';
import { removeAll } from './leftovers.ts';

const run = promisify(execFile);
const [command, ...before] = [['docker', 'compose'], ['docker-compose']].find(([program, ...rest]) =>
  spawnSync(program!, [...rest, 'version'], { stdio: 'ignore' }).status === 0) ?? [];

export const noCompose = command ? false : 'neither docker compose nor docker-compose is installed';
/** A release's packages are installed inside. */
export const noSites = noCompose || process.env.REEVE_TEST_NO_INTERNET || false;
/** Some parts say all that they know about one fault. */
const LINE = 400;
const COMMAND_WITHIN_MS = 6 * 60_000;

export interface Composed {
  readonly project: string;
  readonly ports: { readonly edge: number; readonly api: number; readonly temporalUi: number };
  /** The one that the control worker has: it may fail, while the tests' own does not. */
  readonly engine: FaultyEngine;
  /** @returns what it printed; @throws with what it said on the error stream */
  compose(...args: string[]): Promise<string>;
  /** How each container is, and what it said last: for a failure. */
  said(): Promise<string>;
  remove(): Promise<void>;
}

/** Nothing of it runs yet. */
export async function composed(): Promise<Composed> {
  const project = `${PREFIX}compose`;
  const ports = { edge: await freePort(), api: await freePort(), temporalUi: await freePort() };
  const directory = mkdtempSync(join(tmpdir(), 'reeve-compose-'));
  const file = join(directory, 'docker-compose.yml');
  const socket = join(directory, 'docker.sock');
  const engine = await faultyEngine(SOCKET, socket);
  const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
  writeFileSync(file, text.replace('/var/run/docker.sock:/var/run/docker.sock', `${socket}:/var/run/docker.sock`));
  const env = {
    ...process.env, COMPOSE_PROJECT_NAME: project, REEVE_IMAGE: IMAGE, REEVE_SUBNET: `172.31.${process.pid % 256}.0/24`,
    REEVE_POSTGRES_IMAGE: STAND_INS.postgres, REEVE_TEMPORAL_IMAGE: STAND_INS.temporal, REEVE_PORT: String(ports.edge),
    REEVE_API_PORT: String(ports.api), REEVE_TEMPORAL_UI_PORT: String(ports.temporalUi),
  };
  return {
    project, ports, engine,
    async compose(...args) {
      const { stdout } = await run(command!, [...before, '-p', project, '--project-directory', ROOT, '-f', file, ...args], { maxBuffer: 64 * 1_048_576, timeout: COMMAND_WITHIN_MS, env });
      return stdout;
    },
    async said() {
      const all = await docker.listContainers({ all: true });
      const ours = all.filter(({ Labels }) => [Labels['com.docker.compose.project'], Labels['reeve.platform']].includes(project));
      const parts = await Promise.all(ours.map(async ({ Id, Names, Status }) => {
        const one = docker.getContainer(Id);
        const unwell = (await one.inspect()).State.Health?.Log?.at(-1);
        return [`--- ${Names[0]}: ${Status}`, ...(await lastLines(one)).map((line) => line.slice(0, LINE)), ...(unwell?.ExitCode ? [`health check: ${unwell.Output}`] : [])].join('\n');
      }));
      return parts.join('\n');
    },
    async remove() {
      await removeAll(docker, project);
      await engine.close();
      rmSync(directory, { recursive: true });
    },
  };
}
