/** The shipped alert rules and dashboard ask for metrics that exist, and the rules do what they say. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Registry } from 'prom-client';
import { parse } from 'yaml';
import { createMetrics } from '../../src/agent/listener/metrics.ts';
import { type Handlers, openListener } from '../../src/agent/listener/server.ts';
import { containerConfig, createOptions } from '../../src/cluster/docker-container.ts';
import type { DockerFile } from '../../src/cluster/docker-file.ts';
import { createControlMetrics, serveMetrics } from '../../src/control/metrics.ts';
import { createLog } from '../../src/log.ts';
import { openSitesServer } from '../../src/sites/server.ts';
import { startApi } from '../api/harness.ts';

const deploy = (path: string) => fileURLToPath(new URL(`../../deploy/${path}`, import.meta.url));
const rules = parse(readFileSync(deploy('prometheus/alerts.yml'), 'utf8')) as { groups: { rules: { alert: string; expr: string }[] }[] };
const dashboard = JSON.parse(readFileSync(deploy('grafana/reeve.json'), 'utf8')) as {
  panels: { id: number; title: string; targets?: { expr: string }[]; gridPos: { x: number; w: number } }[];
};
interface Job {
  job_name: string; metrics_path: string; authorization?: { credentials_file: string };
  dns_sd_configs: { names: string[]; type: string; port: number }[];
}
const scraped = parse(readFileSync(deploy('prometheus/prometheus.yml'), 'utf8')) as { rule_files: string[]; scrape_configs: Job[] };
const job = (name: string) => scraped.scrape_configs.find(({ job_name }) => job_name === name)!;
const compose = parse(readFileSync(deploy('../docker-compose.yml'), 'utf8'), { merge: true }) as {
  services: Record<string, { environment?: Record<string, string | number>; networks: unknown; command: string[] }>;
};
const alerts = rules.groups.flatMap((group) => group.rules);

/** Every series of the API, the control worker and an agent, as they are scraped. */
const exposed = new Map<string, Set<string>>();

before(async () => {
  const api = await startApi();
  const sites = openSitesServer(api.database.url, 'local');
  const control = await serveMetrics(createControlMetrics(api.database.pool, sites), 0);
  const metrics = createMetrics();
  const agent = await openListener({
    listen: { address: '127.0.0.1', port: 0 }, token: () => null, log: createLog({}, () => {}),
    // The other handlers are not asked for here.
    handlers: { health: () => ({ ok: true }), metrics: () => metrics.text() } as unknown as Handlers,
  });
  try {
    const texts = [(await api.send('GET', job('reeve-api').metrics_path)).body, ...await Promise.all(
      [new URL(job('reeve-control').metrics_path, control.url), new URL(job('reeve-agents').metrics_path, agent.url)].map(async (url) => (await fetch(url)).text()))];
    for (const text of texts) {
      for (const [, name, type] of (text as string).matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
        exposed.set(name!, new Set(type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']));
      }
    }
  } finally {
    await agent.close();
    await control.close();
    await sites.close();
    await api.close();
  }
});
after(() => exposed.clear());

function assertExposed(expr: string, where: string): void {
  const names = [...expr.matchAll(/\b(reeve_\w+)/g)].map(([, name]) => name!);
  assert.ok(names.length > 0, `${where} asks for nothing of Reeve's`);
  for (const name of names) {
    const known = [...exposed].some(([metric, suffixes]) => [...suffixes].some((suffix) => metric + suffix === name));
    assert.ok(known, `${where} asks for ${name}, which nothing exposes`);
  }
}

test('every rule asks for metrics that exist', () => {
  assert.ok(exposed.size > 20);
  for (const { alert, expr } of alerts) assertExposed(expr, alert);
});

test('every panel asks for metrics that exist, and lies on the grid', () => {
  assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
  for (const { title, targets = [], gridPos } of dashboard.panels) {
    for (const { expr } of targets) assertExposed(expr, title);
    assert.ok(gridPos.x + gridPos.w <= 24, title);
  }
});

test('what Prometheus scrapes listens where compose and the driver have it listen, not on loopback', async () => {
  const found = Object.fromEntries(scraped.scrape_configs.map(({ job_name, dns_sd_configs: [{ names: [name], type, port } = { names: [], type: '', port: 0 }] }) =>
    [job_name, [type, name, port]]));
  const { api, control, edge } = compose.services;
  assert.equal(api!.environment!.REEVE_API_LISTEN, '0.0.0.0');
  assert.equal(control!.environment!.REEVE_CONTROL_METRICS_LISTEN, '0.0.0.0');
  const file = { platform: 'reeve', network: 'reeve', releases: {}, stores: {}, memoryMiB: null, cpus: null } as unknown as DockerFile;
  const slot = { id: 'c000000001', slot: 'a' };
  const { address, port } = containerConfig(file, slot).agentListen!;
  assert.equal(address, 'own');
  const [alias] = createOptions(file, slot).NetworkingConfig!.EndpointsConfig!.reeve!.Aliases!;
  assert.deepEqual(edge!.networks, { reeve: { aliases: [alias] } });
  assert.deepEqual(found, {
    'reeve-api': ['A', 'api', 8081], 'reeve-control': ['A', 'control', control!.environment!.REEVE_CONTROL_METRICS_PORT], 'reeve-agents': ['A', alias, port],
  });
  assert.deepEqual(scraped.rule_files, ['alerts.yml']);

  const elsewhere = await serveMetrics(new Registry(), 0, '127.0.0.2');
  try {
    assert.equal((await fetch(elsewhere.url)).status, 200);
    assert.match(elsewhere.url, /^http:\/\/127\.0\.0\.2:/);
  } finally {
    await elsewhere.close();
  }
});

test('every rule has a test of its own', () => {
  const tested = readFileSync(deploy('prometheus/alerts.test.yml'), 'utf8');
  for (const { alert } of alerts) assert.ok(tested.includes(`alertname: ${alert}\n`), `${alert} fires in no test`);
});

const promtool = spawnSync('promtool', ['--version']).error ? 'promtool is not installed (Debian: prometheus)' : false;

test('promtool accepts the rules, and their tests pass', { skip: promtool }, () => {
  for (const args of [['check', 'rules', 'alerts.yml'], ['test', 'rules', 'alerts.test.yml']]) {
    const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: deploy('prometheus'), encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
  }
});

test('promtool accepts what to scrape', { skip: promtool }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'rv-prometheus-'));
  try {
    for (const file of ['prometheus.yml', 'alerts.yml']) copyFileSync(deploy(`prometheus/${file}`), join(directory, file));
    writeFileSync(join(directory, job('reeve-api').authorization!.credentials_file), 'a token');
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'config', 'prometheus.yml'], { cwd: directory, encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
