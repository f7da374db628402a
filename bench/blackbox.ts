/** Prometheus's blackbox_exporter as a yardstick for probing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { freePort } from './free-port.ts';

export interface Blackbox {
  /** Ask for each hostname at that address, so many at a time. @returns how many were well */
  probe(hostnames: readonly string[], target: string, atATime: number): Promise<number>;
  stop(): Promise<void>;
}

/** The page of a suspended site is what the benchmark's sites show. */
const MODULES = `modules:
  page:
    prober: http
    timeout: 10s
    http:
      valid_status_codes: [200, 503]
      preferred_ip_protocol: ip4
`;

/** Null where the program is not to be found. */
export async function startBlackbox(scratch: string): Promise<Blackbox | null> {
  const program = process.env.REEVE_BENCH_BLACKBOX
    ?? (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, 'prometheus-blackbox-exporter')).find(existsSync);
  if (program === undefined) return null;
  const config = join(scratch, 'blackbox.yml');
  writeFileSync(config, MODULES);
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(program, [`--config.file=${config}`, `--web.listen-address=${address}`, '--log.level=error'], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const pool = new Pool(`http://${address}`, { connections: 64 });
  for (let tries = 0; ; tries += 1) {
    const up = await pool.request({ path: '/-/healthy', method: 'GET' }).then(async ({ body }) => { await body.dump(); return true; }, () => false);
    if (up) break;
    if (tries > 200 || child.exitCode !== null) throw new Error(`${program} does not answer`);
    await delay(25);
  }
  return {
    async probe(hostnames, target, atATime) {
      let next = 0;
      let well = 0;
      await Promise.all(Array.from({ length: atATime }, async () => {
        while (next < hostnames.length) {
          const query = new URLSearchParams({ module: 'page', target, hostname: hostnames[next++]! });
          const { body } = await pool.request({ path: `/probe?${query}`, method: 'GET' });
          if (/^probe_success 1$/m.test(await body.text())) well += 1;
        }
      }));
      return well;
    },
    async stop() {
      await pool.destroy();
      child.kill('SIGTERM');
      await ended;
    },
  };
}
