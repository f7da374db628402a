/** Running one command for a site: with its release, its environment and as its user, as its vassal runs. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { siteEnvironment } from '../../domain/codebase-environment.ts';
import type { Desired, ReleaseManifest } from '../../domain/desired.ts';
import { ReeveError } from '../../domain/errors.ts';
import { type Layout, places } from '../../domain/layout.ts';
import type { SiteFile } from '../../domain/site-file.ts';
import { ownerOf } from '../reconcile/site-files.ts';
import { beginLines } from './reply.ts';

const BODY = z.object({
  command: z.array(z.string().refine((part) => !part.includes('\0'))).min(1),
  /** base64 */
  stdin: z.string().nullish(),
  timeoutSeconds: z.number().int().min(1).max(3_600).default(600),
});

/**
 * Answers lines `{stream, data}` (base64: any bytes) and at last `{exit}`; 124 when the time was over, as timeout(1).
 * The command and what it started end when the client goes away.
 */
export async function execForSite(
  what: { layout: Layout; desired: Desired; site: string; body: unknown }, request: IncomingMessage, response: ServerResponse,
): Promise<void> {
  const { layout, desired, site } = what;
  const parsed = BODY.safeParse(what.body);
  if (!parsed.success) throw new ReeveError('bad-request', z.prettifyError(parsed.error));
  const row = desired.sites.get(site);
  const manifest = row?.release ? desired.releases.get(row.release)?.manifest : null;
  if (!row || !manifest) throw new ReeveError('not-found', 'the site does not run here');
  const { file, args, env, cwd } = commandFor(layout, site, manifest, parsed.data.command);

  const child = spawn(file, args, {
    cwd, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'], ...(ownerOf(layout, row) ?? {}),
  });
  const lines = beginLines(response);
  let exit: number | null = null;
  const kill = () => {
    // The whole group: what the command started must not outlive it.
    try { if (child.pid) process.kill(-child.pid, 'SIGKILL'); } catch { /* it has ended */ }
  };
  const timer = setTimeout(() => { exit = 124; kill(); }, parsed.data.timeoutSeconds * 1_000);
  response.once('close', kill);
  if (response.destroyed) kill();
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].on('data', (chunk: Buffer) => {
      if (lines.send({ stream, data: chunk.toString('base64') })) return;
      // The command waits for its reader, as behind any pipe: it may say more than this process has memory for.
      for (const each of [child.stdout, child.stderr]) each.pause();
      void lines.drained().then(() => { for (const each of [child.stdout, child.stderr]) each.resume(); });
    });
  }
  child.stdin.on('error', () => {});
  child.stdin.end(parsed.data.stdin ? Buffer.from(parsed.data.stdin, 'base64') : undefined);
  await new Promise<void>((resolve) => {
    child.once('error', (error) => {
      lines.send({ stream: 'stderr', data: Buffer.from(`${error.message}\n`).toString('base64') });
      exit ??= 127;
      resolve();
    });
    child.once('exit', kill);
    child.once('close', (code, signal) => {
      exit ??= code ?? (signal ? 137 : 1);
      resolve();
    });
  });
  clearTimeout(timer);
  response.off('close', kill);
  lines.send({ exit });
  response.end();
  void request;
}

/** A word that is a program of the release or a path is run as it is; any other is a management command. */
function commandFor(layout: Layout, site: string, manifest: ReleaseManifest, command: readonly string[]): {
  file: string; args: string[]; env: Record<string, string>; cwd: string;
} {
  const siteFile = places.siteFile(layout, site);
  let contents: SiteFile;
  try {
    contents = JSON.parse(readFileSync(siteFile, 'utf8')) as SiteFile;
  } catch (error) {
    throw new ReeveError('not-found', 'the site does not run here', {}, error);
  }
  const bin = `${layout.releasesDir}/${manifest.venv}/bin`;
  const own = siteEnvironment(manifest, contents, siteFile);
  const env = { ...own, PATH: `${bin}:${own.PATH}`, VIRTUAL_ENV: `${layout.releasesDir}/${manifest.venv}` };
  const cwd = `${places.release(layout, manifest.id)}/code`;
  // People write what they are used to; both mean the management command after it.
  const words = command.length > 1 && command[0] === 'manage.py' ? command.slice(1) : command;
  const [first, ...rest] = words as [string, ...string[]];
  const isProgram = first.includes('/') || existsSync(`${bin}/${first}`) || ['sh', 'bash', 'env'].includes(first);
  if (isProgram) return { file: first, args: rest, env, cwd };
  return { file: `${bin}/python3`, args: ['-m', 'django', first, ...rest], env, cwd };
}
