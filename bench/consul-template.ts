/**
 * The yardstick of propagation: consul-template renders a hostname map for nginx from Consul's key-value store, tests
 * it with `nginx -t` and reloads. It watches one prefix by blocking queries, waits for nothing (`wait` off), and one
 * line a hostname is all that it renders, so it does less than an agent: no database, no proof, no sites' files.
 *
 * Both programs are built by Go once from tools/yardstick (Consul 1.8.19: the newest that builds from modules alone).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { findPrograms, runCommand } from '../src/local/setup/command.ts';
import { freePort } from './free-port.ts';
import { statusOf } from './status-of.ts';

const MODULE = fileURLToPath(new URL('../tools/yardstick', import.meta.url));
const PROGRAMS = { consul: 'github.com/hashicorp/consul', 'consul-template': 'github.com/hashicorp/consul-template' };
const STARTS_WITHIN_MS = 30_000;
const KEYS_A_TRANSACTION = 64;

export interface Yardstick {
  /** From the write of one more hostname to the first answer under it, ms. */
  bindAndWait(hostname: string): Promise<number>;
  stop(): Promise<void>;
}

/** @returns null where there is no Go to build it with */
export async function startConsulTemplate(hostnames: readonly string[]): Promise<Yardstick | null> {
  const programs = await build();
  if (!programs) return null;
  const scratch = mkdtempSync(join(tmpdir(), 'reeve-yardstick-'));
  const children: ChildProcess[] = [];
  const start = (program: string, args: readonly string[]) => {
    const child = spawn(program, args, { stdio: 'ignore', cwd: scratch });
    children.push(child);
    return child;
  };
  const stop = async () => {
    // Last started first, so that nothing restarts what it watches; SIGKILL, since nothing of it is kept.
    for (const child of children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(scratch, { recursive: true, force: true });
  };
  try {
    const [http, server, serf, listen] = [await freePort(), await freePort(), await freePort(), await freePort()];
    const consul = `http://127.0.0.1:${http}`;
    start(programs.consul, ['agent', '-dev', '-bind', '127.0.0.1', '-http-port', String(http), '-server-port', String(server),
      '-serf-lan-port', String(serf), '-serf-wan-port', '-1', '-dns-port', '-1', '-grpc-port', '-1', '-log-level', 'err']);
    await within('Consul leads', async () => (await text(`${consul}/v1/status/leader`)).length > 4);
    await putAll(consul, hostnames);
    const nginx = process.env.REEVE_TEST_NGINX ?? '/usr/sbin/nginx';
    writeFileSync(join(scratch, 'hosts.map'), '');
    writeFileSync(join(scratch, 'nginx.conf'), nginxConf(scratch, listen));
    writeFileSync(join(scratch, 'hosts.ctmpl'), '{{ range ls "hosts" }}{{ .Key }} {{ .Value }};\n{{ end }}');
    start(nginx, ['-p', scratch, '-c', join(scratch, 'nginx.conf'), '-e', join(scratch, 'error.log')]);
    const command = `${nginx} -t -q -p ${scratch} -c ${scratch}/nginx.conf -e ${scratch}/error.log && ${nginx} -s reload -p ${scratch} -c ${scratch}/nginx.conf -e ${scratch}/error.log`;
    start(programs['consul-template'], ['-consul-addr', `127.0.0.1:${http}`, '-consul-retry', '-log-level', 'err',
      '-template', `${join(scratch, 'hosts.ctmpl')}:${join(scratch, 'hosts.map')}:sh -c "${command}"`]);
    const last = hostnames.at(-1)!;
    await within('the map is served', async () => (await statusOf(listen, last).catch(() => 0)) === 200);
    return {
      async bindAndWait(hostname) {
        await put(consul, hostname);
        const at = performance.now();
        const deadline = at + STARTS_WITHIN_MS;
        while ((await statusOf(listen, hostname)) !== 200) {
          if (performance.now() > deadline) throw new Error(`consul-template has not brought ${hostname} in ${STARTS_WITHIN_MS} ms`);
          await delay(1);
        }
        const took = performance.now() - at;
        await delay(150); // its rate limit and the old workers' end, as an agent's record is waited for
        return took;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const nginxConf = (scratch: string, port: number) => `
daemon off; pid ${scratch}/nginx.pid; error_log ${scratch}/error.log; worker_processes 2;
events { worker_connections 1024; }
http {
  access_log off;
  map_hash_max_size 65536; map_hash_bucket_size 128;
  map $host $site { default ""; include ${scratch}/hosts.map; }
  server { listen 127.0.0.1:${port} default_server reuseport; location / { if ($site = "") { return 421; } return 200 "$site\\n"; } }
}
`;

async function text(url: string): Promise<string> {
  const { body } = await request(url);
  return await body.text();
}

async function put(consul: string, hostname: string): Promise<void> {
  const { statusCode, body } = await request(`${consul}/v1/kv/hosts/${hostname}`, { method: 'PUT', body: 's000000001' });
  await body.dump();
  if (statusCode !== 200) throw new Error(`Consul refused a key with ${statusCode}`);
}

async function putAll(consul: string, hostnames: readonly string[]): Promise<void> {
  for (let at = 0; at < hostnames.length; at += KEYS_A_TRANSACTION) {
    const operations = hostnames.slice(at, at + KEYS_A_TRANSACTION)
      .map((hostname) => ({ KV: { Verb: 'set', Key: `hosts/${hostname}`, Value: Buffer.from('s000000001').toString('base64') } }));
    const { statusCode, body } = await request(`${consul}/v1/txn`, { method: 'PUT', body: JSON.stringify(operations) });
    await body.dump();
    if (statusCode !== 200) throw new Error(`Consul refused keys with ${statusCode}`);
  }
}

async function within(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + STARTS_WITHIN_MS;
  while (!(await holds().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`the yardstick does not start: ${what}`);
    await delay(25);
  }
}

async function build(): Promise<Record<keyof typeof PROGRAMS, string> | null> {
  const directory = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'reeve', 'yardstick');
  const go = findPrograms('go')[0];
  mkdirSync(directory, { recursive: true });
  const built = {} as Record<keyof typeof PROGRAMS, string>;
  for (const [name, module] of Object.entries(PROGRAMS) as [keyof typeof PROGRAMS, string][]) {
    const version = new RegExp(`${module} (v\\S+)`).exec(readFileSync(join(MODULE, name, 'go.mod'), 'utf8'))![1];
    built[name] = join(directory, `${name}-${version}`);
    if (existsSync(built[name])) continue;
    if (!go) return null;
    console.log(`  building ${name} ${version} with Go: some minutes, once`);
    const result = await runCommand(go, ['build', '-trimpath', '-ldflags', '-s -w -checklinkname=0', '-o', built[name], module], {
      cwd: join(MODULE, name), env: { ...process.env, CGO_ENABLED: '0' },
    });
    if (result.code !== 0) throw new Error(`${name} cannot be built:\n${result.tail}`);
  }
  return built;
}
