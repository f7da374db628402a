/** The image from deploy/Dockerfile, and those that stand in for others. */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { ROOT } from '../run-files.ts';
import { FAMILY } from './leftovers.ts';

export const IMAGE = `${FAMILY}-reeve`;
/** Of Debian's Postgres, and of the Temporal that `npm start` uses: no registry is needed. */
export const STAND_INS = { postgres: `${FAMILY}-postgres`, temporal: `${FAMILY}-temporal` };
/** A build's steps that take longer are worth a line. */
const LONG_MS = 3_000;

/** What .dockerignore lets through. */
const context = () => readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n').filter((line) => line.startsWith('!')).map((line) => line.slice(1));

/** @throws with what was said when it cannot be built */
export async function buildImage(docker: Docker): Promise<void> {
  await build(docker, { tag: IMAGE, context: ROOT, src: context(), dockerfile: 'deploy/Dockerfile' });
}

/** @param temporal  the program */
export async function buildStandIns(docker: Docker, temporal: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-images-'));
  try {
    cpSync(join(ROOT, 'test/docker/images'), directory, { recursive: true });
    cpSync(temporal, join(directory, 'temporal'));
    const files = { postgres: 'postgres-entrypoint.sh', temporal: 'temporal' };
    for (const name of ['postgres', 'temporal'] as const) {
      await build(docker, { tag: STAND_INS[name], context: directory, dockerfile: `${name}.Dockerfile`, src: [`${name}.Dockerfile`, files[name]] });
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function build(
  docker: Docker, { tag, context, src, dockerfile }: { tag: string; context: string; src: readonly string[]; dockerfile: string },
): Promise<void> {
  const sent = spawn('tar', ['-C', context, '--exclude=__pycache__', '--exclude=node_modules', '-c', ...src], { stdio: ['ignore', 'pipe', 'inherit'] });
  // forcerm: a step that failed leaves no container either.
  const stream = await docker.buildImage(sent.stdout, { t: tag, dockerfile, networkmode: 'host', forcerm: true });
  const said: string[] = [];
  const saySteps = durations((line) => console.log(`  ${tag}: ${line}`));
  let wrong: string | undefined;
  await new Promise<void>((resolve, reject) => docker.modem.followProgress(stream, (error) => {
    saySteps(null);
    wrong ??= error?.message;
    if (wrong) reject(new Error(`${tag} cannot be built: ${wrong}\n${said.slice(-30).join('')}`));
    else resolve();
  }, ({ stream: text = '', error }: { stream?: string; error?: string }) => {
    said.push(text);
    if (text.startsWith('Step ')) saySteps(text.split('\n')[0]!);
    wrong ??= error;
  }));
}

/** @returns told of each step as it begins, and of the end: says those that took long */
function durations(say: (line: string) => void): (next: string | null) => void {
  let step: { line: string; at: number } | null = null;
  return (next) => {
    if (step && Date.now() - step.at > LONG_MS) say(`${step.line.slice(0, 60)}: ${Math.round((Date.now() - step.at) / 1_000)} s`);
    step = next === null ? null : { line: next, at: Date.now() };
  };
}

export const has = (docker: Docker, image: string) => docker.getImage(image).inspect().then(() => true, () => false);
