import { execFileSync } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { release, userInfo } from 'node:os';
import { dirname } from 'node:path';
import { checkInstalled, checkUninstalled } from './doctor-tools.ts';
import type { Home } from './home.ts';
import { readHolder, type LockHolder } from './lock.ts';
import { hostsHint, resolvesLocalhost } from './localhost.ts';
import { isPortFree, readPorts } from './ports.ts';
import { isRunning } from '../process/identity.ts';
import { findPrograms } from './setup/command.ts';
import { inspectNginx } from './setup/nginx.ts';
import { type InstalledRecord, readInstalled } from './setup/record.ts';
import { SAMPLES } from './up/samples.ts';

/** One thing that was looked at. `hint` says in one line what to do about anything but `ok`. */
export interface Finding {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'missing';
  readonly detail: string;
  readonly hint?: string;
}

export interface DoctorReport {
  readonly system: { readonly platform: string; readonly arch: string; readonly release: string; readonly user: string };
  readonly home: { readonly clone: string; readonly root: string; readonly why: string; readonly runDir: string; readonly toolsDir: string };
  /** Whoever holds the home now. */
  readonly runningAs: LockHolder | null;
  /** What the last set-up chose; null before the first. */
  readonly installed: InstalledRecord | null;
  readonly ports: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
}

const ENOUGH_BYTES = 3 * 1024 ** 3;
/** Each awake site takes a few descriptors in nginx, the emperor and Postgres. */
const ENOUGH_FILES = 4096;

/** Looks at this machine and this home. Installs nothing, starts nothing, changes nothing. */
export async function doctor(home: Home): Promise<DoctorReport> {
  const installed = readInstalled(home);
  const holder = readHolder(home.lockFile);
  const runningAs = holder && isRunning(holder) ? holder : null;
  const ports = readPorts(home.portsFile);
  const findings = [
    checkNode(),
    checkNpm(),
    ...(installed ? checkInstalled(installed) : await checkUninstalled()),
    ...(installed ? [] : [{ name: 'Set-up', state: 'missing', detail: 'it has not come to its end here yet', hint: 'npm start' } as const]),
    await checkNginx(),
    ...(installed?.temporal.address || installed?.temporal.binary ? [] : [checkTemporal()]),
    checkIsolation(),
    await checkLocalhost(),
    ...(await checkPorts(ports, runningAs !== null)),
    await checkDisk(home),
    checkFiles(),
    ...checkProxy(),
  ];
  const system = { platform: process.platform, arch: process.arch, release: release(), user: userInfo().username };
  const { clone, root, why, runDir, toolsDir } = home;
  return { system, home: { clone, root, why, runDir, toolsDir }, runningAs, installed, ports, findings };
}

function checkNode(): Finding {
  return { name: 'Node', state: 'ok', detail: `${process.versions.node}, ${process.execPath}` };
}

function checkNpm(): Finding {
  const npm = findPrograms('npm')[0];
  if (npm) return { name: 'npm', state: 'ok', detail: npm };
  return { name: 'npm', state: 'missing', detail: 'not found', hint: 'install Node with its npm' };
}

async function checkNginx(): Promise<Finding> {
  const path = findPrograms('nginx')[0];
  if (!path) return { name: 'nginx, of the system', state: 'ok', detail: 'none: the one of PyPI is used' };
  const build = await inspectNginx(path);
  const missing = build?.missing.length ? `, lacks ${build.missing.join(', ')}` : '';
  const detail = build ? `${build.version}, ${path}${missing}` : `${path} does not run`;
  return { name: 'nginx, of the system', state: 'ok', detail };
}

function checkTemporal(): Finding {
  const path = findPrograms('temporal')[0] ?? findPrograms('go')[0];
  if (path) return { name: 'Temporal', state: 'ok', detail: `can be had: ${path}` };
  const hint = 'if its download fails: install the Temporal CLI, or Go 1.21 or newer, or set TEMPORAL_ADDRESS';
  return { name: 'Temporal', state: 'warning', detail: 'neither `temporal` nor `go` is on PATH', hint };
}

function checkIsolation(): Finding {
  const name = 'Isolation';
  if (process.getuid?.() === 0 && process.platform === 'linux') return { name, state: 'ok', detail: 'each site has a system user of its own' };
  const hint = 'start it as root on Linux, where sites do not trust each other';
  return { name, state: 'warning', detail: 'all sites run as one user: they are not isolated from each other', hint };
}

async function checkLocalhost(): Promise<Finding> {
  const name = '*.localhost';
  if (await resolvesLocalhost()) return { name, state: 'ok', detail: 'resolves to this machine' };
  return { name, state: 'warning', detail: 'does not resolve', hint: hostsHint(SAMPLES.map((name) => `${name}.localhost`)) };
}

async function checkPorts(ports: Readonly<Record<string, number>>, running: boolean): Promise<Finding[]> {
  return Promise.all(
    Object.entries(ports).map(async ([part, port]): Promise<Finding> => {
      const name = `Port ${port}`;
      if (running || (await isPortFree(port))) return { name, state: 'ok', detail: part };
      return { name, state: 'warning', detail: `${part}: something else listens on it`, hint: 'the next start chooses another one' };
    }),
  );
}

async function checkDisk(home: Home): Promise<Finding> {
  let at = home.root;
  while (!existsSync(at)) at = dirname(at);
  const { bavail, bsize } = await statfs(at);
  const free = bavail * bsize;
  const detail = `${(free / 1024 ** 3).toFixed(1)} GiB free at ${home.root}`;
  return free >= ENOUGH_BYTES
    ? { name: 'Disk', state: 'ok', detail }
    : { name: 'Disk', state: 'warning', detail, hint: 'free some: set-up and two sample sites take about 2 GiB' };
}

/** Node raises its own soft limit to the hard one, so a shell is asked. */
function checkFiles(): Finding {
  const text = execFileSync('/bin/sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
  const limit = text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text);
  const detail = `${text} a process`;
  return limit >= ENOUGH_FILES
    ? { name: 'Open files', state: 'ok', detail }
    : { name: 'Open files', state: 'warning', detail, hint: `raise it (ulimit -n ${ENOUGH_FILES}) before you have many sites` };
}

function checkProxy(): Finding[] {
  const names = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'PIP_CERT'];
  const set = names.filter((name) => process.env[name]);
  // Values may hold passwords.
  return set.length === 0 ? [] : [{ name: 'Proxy and certificates', state: 'ok', detail: `set: ${set.join(', ')}` }];
}

/** The report as lines for a terminal. */
export function formatDoctor(report: DoctorReport): string {
  const { system, home, runningAs } = report;
  const rows: [string, string][] = [
    ['System', `${system.platform} ${system.arch}, ${system.release}, as ${system.user}`],
    ['Clone', home.clone],
    ['State', `${home.root} (${home.why})`],
    ['Sockets', home.runDir],
    ['Tools', home.toolsDir],
    ['Running', runningAs ? `process ${runningAs.pid}, since ${runningAs.since}` : 'no'],
  ];
  const width = Math.max(...rows.map(([name]) => name.length), ...report.findings.map(({ name }) => name.length));
  const marks = { ok: 'ok  ', warning: 'warn', missing: 'MISS' } as const;
  return [
    ...rows.map(([name, detail]) => `      ${name.padEnd(width)}  ${detail}`),
    ...report.findings.flatMap(({ name, state, detail, hint }) => [
      `${marks[state]}  ${name.padEnd(width)}  ${detail}`,
      ...(hint ? [`      ${''.padEnd(width)}  -> ${hint}`] : []),
    ]),
  ].join('\n');
}
