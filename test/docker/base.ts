/** The image that deploy/Dockerfile begins with: from a registry where one can be reached, else from Debian's mirror. */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { has } from './image.ts';
import { unmountBelow } from './mounts.ts';
import { Unavailable } from './steps.ts';

export const BASE = 'debian:bookworm-slim';
const PULLED_WITHIN_MS = 60_000;
const TRUSTED = 'usr/local/share/ca-certificates';
/** As the official image has it: no sync for each of 600 packages, no documents. */
const DPKG = ['force-unsafe-io', ...['doc', 'man', 'info', 'locale'].map((place) => `path-exclude /usr/share/${place}/*`)].join('\n');

/** @throws Unavailable where it can neither be pulled nor made */
export async function bringBase(docker: Docker, signal: AbortSignal): Promise<void> {
  if (await has(docker, BASE) || await pull(docker)) return;
  if (spawnSync('debootstrap', ['--version']).error) throw new Unavailable(`${BASE} cannot be pulled, and debootstrap is not installed`);
  console.log(`  no registry gives ${BASE}: it is made by debootstrap`);
  const wrong = await bootstrap(docker, signal);
  if (wrong !== null) throw new Unavailable(`${BASE} can neither be pulled nor made: ${wrong}`);
}

async function pull(docker: Docker): Promise<boolean> {
  try {
    const stream = await docker.pull(BASE, { abortSignal: AbortSignal.timeout(PULLED_WITHIN_MS) });
    return await new Promise((resolve) => docker.modem.followProgress(stream, (error) => resolve(!error)));
  } catch {
    return false;
  }
}

/** @returns what was said last when it failed */
async function bootstrap(docker: Docker, signal: AbortSignal): Promise<string | null> {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-base-'));
  try {
    const said = await debootstrap(directory, signal);
    if (said !== null) return said;
    // What this machine trusts besides Debian's own: a mirror or proxy of it.
    if (existsSync(`/${TRUSTED}`)) cpSync(`/${TRUSTED}`, join(directory, TRUSTED), { recursive: true });
    writeFileSync(join(directory, 'etc/dpkg/dpkg.cfg.d/docker'), `${DPKG}\n`);
    const tar = spawn('tar', ['-C', directory, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [repo, tag] = BASE.split(':');
    const stream = await docker.importImage(tar.stdout, { repo, tag });
    await new Promise<void>((resolve, reject) => stream.on('error', reject).on('end', resolve).resume());
    return null;
  } finally {
    unmountBelow(directory);
    rmSync(directory, { recursive: true, force: true });
  }
}

async function debootstrap(directory: string, signal: AbortSignal): Promise<string | null> {
  // In a group of its own: it is a script, whose programs go on without it.
  const made = spawn('debootstrap', ['--variant=minbase', 'bookworm', directory], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  signal.addEventListener('abort', () => process.kill(-made.pid!, 'SIGKILL'), { once: true });
  let said = '';
  for (const stream of [made.stdout, made.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { said = (said + text).slice(-3_000); });
  const code = await new Promise((resolve) => made.once('close', resolve));
  return code === 0 ? null : said.trimEnd().split('\n').at(-1)!;
}
