/** A container without an agent: the emperor and nginx on rendered files, as the tests put them in place. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Desired } from '../../src/domain/desired.ts';
import type { SiteId } from '../../src/domain/id.ts';
import { type Layout, places } from '../../src/domain/layout.ts';
import { createContainerRenderer, type Kept, type Rendered } from '../../src/render/container.ts';
import type { RenderedVassal } from '../../src/render/vassal.ts';
import { ask, type Answer } from './ask.ts';
import { layout as layoutAt, makeRoot, scratch, sitesKey } from './fixture.ts';
import { freePort, type RunningNginx, startNginx, stopped, until } from './nginx.ts';

const ECHO = fileURLToPath(new URL('./echo', import.meta.url));
const WRAPPER = fileURLToPath(new URL('../../templates/uwsgi/wrapper.sh', import.meta.url));

/** A virtual environment with pyuwsgi, which the test run brings. */
export const toolsVenv = process.env.REEVE_TEST_TOOLS_VENV ?? '';

/** Put the echo site in place as a release: its code, and static files by path. */
export function placeRelease(l: Layout, id: string, statics: Record<string, string> = {}): void {
  const directory = places.release(l, id);
  cpSync(ECHO, join(directory, 'code', 'echo'), { recursive: true });
  for (const [path, text] of Object.entries(statics)) writeDeep(join(directory, 'static', path), text);
  const venv = join(l.releasesDir, 'venvs');
  mkdirSync(venv, { recursive: true });
  if (toolsVenv !== '' && !existsSync(join(venv, 'v1'))) symlinkSync(toolsVenv, join(venv, 'v1'));
}

export function writeDeep(path: string, contents: string | Buffer): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, contents);
}

export interface TestContainer {
  readonly layout: Layout;
  /** Render, put in place, start or replace vassals, reload, and wait until all of it serves. */
  apply(desired: Desired, quarantined?: ReadonlyMap<SiteId, Kept>): Promise<Rendered>;
  /** As the edge asks: over TCP. */
  visit(host: string, path?: string, options?: Partial<Parameters<typeof ask>[0]>): Promise<Answer>;
  probe(host: string, path?: string, options?: Partial<Parameters<typeof ask>[0]>): Promise<Answer>;
  close(): Promise<void>;
}

/** @param owner the system user of a site, as the emperor's tyrant mode wants it; none runs all as one user */
export async function startContainer(options: { nginx: string; owner?: (site: string) => number; layout?: Partial<Layout>; vassals?: boolean }): Promise<TestContainer> {
  const root = scratch('container');
  const l: Layout = { ...layoutAt(root, await freePort()), nginx: options.nginx, toolsVenv, ...options.layout };
  makeRoot(l);
  const withVassals = options.vassals ?? true;
  chmodSync(root, 0o711);
  const renderer = createContainerRenderer(l, { sitesKey });
  let nginx: RunningNginx | null = null;
  let emperor: ChildProcess | null = null;
  const placed = new Map<string, string>();

  function own(path: string, site: string, mode: number): void {
    chmodSync(path, mode);
    const uid = options.owner?.(site);
    if (uid !== undefined) chownSync(path, uid, uid);
  }

  function placeVassal(site: string, vassal: RenderedVassal): void {
    for (const directory of [places.workDir(l, site), places.logDir(l, site), places.vassalSocketDir(l, site), places.storeDir(l, site)]) {
      mkdirSync(directory, { recursive: true });
      own(directory, site, 0o755);
    }
    for (const [path, text, mode] of [
      [places.siteFile(l, site), vassal.siteFile, 0o600], [places.envFile(l, site), vassal.envFile, 0o600],
      [places.vassalFile(l, site, vassal.digest), vassal.ini, 0o644],
    ] as const) {
      writeFileSync(`${path}.new`, text);
      own(`${path}.new`, site, mode);
      renameSync(`${path}.new`, path);
    }
  }

  async function serveVassals(vassals: Rendered['vassals']): Promise<void> {
    for (const [site, vassal] of vassals) {
      if (placed.get(site) !== vassal.digest) placeVassal(site, vassal);
      else writeFileSync(places.siteFile(l, site), vassal.siteFile);
    }
    if (vassals.size > 0 && emperor === null) {
      emperor = spawn(join(toolsVenv, 'bin/python3'), [
        '-c', 'import sys, pyuwsgi; pyuwsgi.run(sys.argv[1:])', '--emperor', places.vassalsDir(l), '--emperor-wrapper', WRAPPER,
        ...(options.owner ? ['--emperor-tyrant'] : []), '--emperor-stats-server', places.emperorStats(l), '--emperor-freq', '1', '--die-on-term',
        '--logto2', `${root}/log/emperor.log`,
      ], { stdio: 'ignore', env: { PATH: process.env.PATH, REEVE_MASTER_KEY: 'must-not-be-seen' } });
    }
    emperor?.kill('SIGWINCH');
    for (const [site, vassal] of vassals) {
      const socket = places.vassalSocket(l, site, vassal.digest);
      await until(`${site} accepts: ${logs(site)}`, () => accepts(socket));
      symlinkSync(socket, `${places.siteSocket(l, site)}.new`);
      renameSync(`${places.siteSocket(l, site)}.new`, places.siteSocket(l, site));
      const former = placed.get(site);
      if (former && former !== vassal.digest) rmSync(places.vassalFile(l, site, former));
      placed.set(site, vassal.digest);
    }
  }

  const logs = (site: string) => [`${root}/log/emperor.log`, `${places.logDir(l, site)}/site.log`]
    .map((file) => (existsSync(file) ? readFileSync(file, 'utf8').slice(-1_500) : '')).join('\n');

  return {
    layout: l,
    async apply(desired, quarantined = new Map()) {
      const rendered = renderer.render(desired, quarantined);
      if (withVassals) await serveVassals(rendered.vassals);
      if (nginx) await nginx.switchTo(rendered.nginx);
      else nginx = await startNginx(l.nginx, l, rendered.nginx);
      return rendered;
    },
    visit: (host, path, more) => ask({ port: l.listen.port, host, path, ...more }),
    probe: (host, path, more) => ask({ socket: places.probeSocket(l), host, path, ...more }),
    async close() {
      await nginx?.stop();
      if (emperor) await stopped(emperor, 'SIGTERM');
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function accepts(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.once('connect', () => { connection.destroy(); resolve(true); });
    connection.once('error', () => resolve(false));
  });
}
