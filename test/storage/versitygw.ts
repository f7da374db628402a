/** A real S3-compatible server that checks credentials: versitygw, built by Go once, in set-up, and kept outside the tree. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findPrograms, runCommand } from '../../src/local/setup/command.ts';
import type { Report } from '../../src/local/setup/installed.ts';
import type { S3Server } from '../../src/storage/s3-client.ts';

const MODULE = fileURLToPath(new URL('../../tools/s3', import.meta.url));
const PACKAGE = 'github.com/versity/versitygw/cmd/versitygw';

export interface Versitygw extends S3Server {
  stop(): Promise<void>;
}

/** Null where there is no Go to build it with: the only reason to skip. */
export async function startVersitygw(): Promise<Versitygw | null> {
  const program = versitygw();
  if (!existsSync(program)) {
    if (findPrograms('go').length > 0) throw new Error('versitygw was not built: the run says why before its tests');
    return null;
  }
  const directory = mkdtempSync(join(tmpdir(), 'reeve-test-s3-'));
  for (const name of ['buckets', 'iam']) mkdirSync(join(directory, name));
  const server = { accessKey: 'platform', secretKey: 'platform-secret', region: 'us-east-1' };
  const port = await freePort();
  // Metadata in files of their own: temporary directories are not always on a disk with extended attributes.
  const child = spawn(program, [
    '--port', `127.0.0.1:${port}`, '--access', server.accessKey, '--secret', server.secretKey, '--region', server.region,
    '--iam-dir', join(directory, 'iam'), '--health', '/health', '--quiet', 'posix', '--sidecar', makeIn(directory, 'sidecar'), join(directory, 'buckets'),
  ], { stdio: 'ignore' });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const endpoint = `http://127.0.0.1:${port}`;
  while (!(await fetch(`${endpoint}/health`).then((answer) => answer.ok, () => false))) {
    if (child.exitCode !== null) throw new Error(`versitygw ended with ${child.exitCode}`);
    await delay(20);
  }
  return {
    ...server,
    endpoint,
    async stop() {
      child.kill('SIGTERM');
      await exited;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function makeIn(directory: string, name: string): string {
  mkdirSync(join(directory, name));
  return join(directory, name);
}

const versitygw = () => {
  const version = readFileSync(join(MODULE, 'go.mod'), 'utf8').match(/versity\/versitygw (v\S+)/)![1];
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'reeve', `versitygw-${version}`);
};

/**
 * Builds it where it is not there yet, before the tests: 90 s of processor time, which several files would each take.
 * Where there is no Go, the tests that need it are skipped; where Go cannot build it, they fail.
 * @throws the reason of `stopping`
 */
export async function bringVersitygw(report: Report, stopping: AbortSignal): Promise<void> {
  const program = versitygw();
  if (existsSync(program)) return;
  const step = { name: 'versitygw' };
  const go = findPrograms('go')[0];
  if (!go) return report({ ...step, state: 'skipped', detail: 'no Go to build it with' });
  report({ ...step, state: 'working', detail: 'building it with Go, once' });
  mkdirSync(dirname(program), { recursive: true });
  const draft = `${program}.${process.pid}`;
  try {
    const { code, tail } = await runCommand(go, ['build', '-trimpath', '-ldflags', '-s -w', '-o', draft, PACKAGE], {
      cwd: MODULE, env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '', GOTOOLCHAIN: process.env.GOTOOLCHAIN ?? 'auto' }, stopping,
    });
    if (code !== 0) return report({ ...step, state: 'failed', detail: `Go cannot build it: ${tail.split('\n').at(-1)}` });
    renameSync(draft, program);
  } finally {
    rmSync(draft, { force: true });
  }
  report({ ...step, state: 'done', detail: program });
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
