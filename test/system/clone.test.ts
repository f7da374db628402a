/** The README's commands as a newcomer has them: a fresh clone, in a path with a space, as a user who is not root. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, type SpawnOptionsWithStdioTuple } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createClient } from '../../src/api/client.ts';
import { resolvesLocalhost } from '../../src/local/localhost.ts';
import { type Platform, runOver, until, visit } from './platform.ts';
import { blocks, commands } from './readme.ts';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const README = join(ROOT, 'README.md');
/** An account without a home and without rights, which every Linux and macOS has. */
const NOBODY = 65_534;

/** A command of the README that takes longer than this hangs. */
const LONGEST_MS = 5 * 60_000;

test('the README’s commands, in a clone whose path has a space, as a user who is not root', { timeout: 20 * 60_000 }, async (t) => {
  const place = mkdtempSync(join(tmpdir(), 'reeve-clone-'));
  chmodSync(place, 0o755);
  const clone = join(place, 'a path', 'reeve');
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  for (const directory of ['a path', 'home', 'cache', 'tmp']) mkdirSync(join(place, directory));
  execFileSync('git', ['clone', '-q', '--no-hardlinks', ROOT, clone]);
  writeFileSync(join(clone, 'platform.yaml'), blocks(README, 'yaml').join(''));
  bringCachedTemporal(join(place, 'cache'));
  for (const directory of ['a path', 'home', 'cache', 'tmp']) execFileSync('chown', ['-R', `${user.uid ?? process.getuid?.()}`, join(place, directory)]);
  const options = {
    cwd: clone, ...user, detached: true, stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: (process.env.PATH ?? '').split(delimiter).filter((path) => !path.startsWith('/root')).join(delimiter),
      HOME: join(place, 'home'), XDG_CACHE_HOME: join(place, 'cache'), TMPDIR: join(place, 'tmp'), LANG: 'C.UTF-8',
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => /proxy|_CERT|CA_CERTS|REGISTRY|GOPROXY|INDEX/i.test(name))),
    },
  };

  const child = spawn('npm', ['start'], options);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { output += text; });
  t.after(async () => {
    if (child.exitCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      process.kill(-child.pid!, 'SIGINT');
      await gone;
    }
    rmSync(place, { recursive: true, force: true });
  });
  await until('the platform is ready', () => output.includes('Reeve is ready.'), 14 * 60_000, () => {
    if (child.exitCode !== null) throw new Error(`npm start ended with ${child.exitCode}:\n${output}`);
  }).catch((error) => { throw new Error(`${error.message}\n${output}`); });

  // uWSGI's files may not hold a space, so the state is elsewhere; and it says that sites share one user.
  assert.ok(!existsSync(join(clone, '.reeve', 'access.json')));
  if (user.uid) assert.match(output, /not isolated from each other/);
  assert.equal(/^! \*\.localhost does not resolve here: .*\/etc\/hosts: 127\.0\.0\.1 alpha\.localhost beta\.localhost$/m.test(output), !(await resolvesLocalhost()));
  const access = JSON.parse(readFileSync(/also in (\S+access\.json)/.exec(output)![1]!, 'utf8')) as Platform['access'];
  const platform = { access, api: createClient(access) };
  for (const name of ['alpha', 'beta']) {
    const page = await visit(platform, `${name}.localhost`);
    assert.equal(page.status, 200);
    assert.match(page.text, new RegExp(`<h1>${name}</h1>`));
  }

  const { run, unused } = commands(README);
  assert.deepEqual(unused, [], 'what is not run is in the README');
  for (const [i, command] of run.entries()) await t.test(command, async () => {
    const { code, text } = await shell(await filled(i === 0 ? command : withoutNpx(command), platform), options, /\s-f$/.test(command) && !command.includes('apply'));
    assert.equal(code, 0, text);
    if (!command.includes('curl')) return;
    const answer = JSON.parse(text.slice(text.indexOf('{'))) as { name: string; run: { id: string } };
    assert.equal(answer.name, 'delta');
    await runOver(platform, answer.run.id);
  });
  await t.test('and what they say has happened', async () => {
    const { items: sites } = await platform.api.request('GET', '/sites');
    assert.deepEqual(sites.map(({ name, status }: { name: string; status: string }) => `${name} ${status}`), ['alpha active', 'beta active', 'delta active', 'gamma active', 'garden active']);
    const gamma = sites.find(({ name }: { name: string }) => name === 'gamma');
    assert.equal(gamma.settings.processes, 2);
    const { items: containers } = await platform.api.request('GET', '/containers');
    assert.equal(containers.filter(({ role, state }: { role: string; state: string }) => role === 'site' && state === 'ready').length, 3);
    assert.equal((await visit(platform, 'shop.localhost')).status, 301);
    assert.equal((await visit(platform, 'www-shop.localhost')).status, 200);
  });
});

type Reached = Pick<Platform, 'api' | 'access'>;

/** With what a person reads off the screen: the API's port, where it was taken, and ids. */
async function filled(command: string, { api, access }: Reached): Promise<string> {
  const first = async (path: string) => (await api.request('GET', path)).items.find((one: { role?: string }) => one.role !== 'edge').id as string;
  return command.replace('http://127.0.0.1:8081', access.api).replace('<container>', await first('/containers'));
}

/** What `npx` finds, itself: looking for it takes longer than what most commands do, and the first of them has shown that it is found. */
const withoutNpx = (command: string) => command.replaceAll('npx reeve', 'node bin/reeve.cjs');

/** Run it as a terminal does. One that goes on until Ctrl-C gets that once it has said something, and has then done well. */
async function shell(command: string, options: SpawnOptionsWithStdioTuple<'ignore', 'pipe', 'pipe'>, goesOn: boolean): Promise<{ code: number | null; text: string }> {
  const child = spawn('/bin/sh', ['-c', command], options);
  let text = '';
  let hasSaid = false;
  let told = false;
  const end = (signal: NodeJS.Signals) => {
    told = true;
    process.kill(-child.pid!, signal);
  };
  const timer = setTimeout(() => end('SIGKILL'), LONGEST_MS);
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (more: string) => {
    text += more;
    // What it complains of is not what it was asked for.
    if (stream === child.stdout) hasSaid ||= more.includes('\n');
    if (goesOn && !told && hasSaid) end('SIGINT');
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  return { code: goesOn && told && hasSaid ? 0 : code, text };
}

/** The cached binary is a way that set-up takes by itself; building it anew here would take minutes and show no more. */
function bringCachedTemporal(cache: string): void {
  const from = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'reeve');
  if (!existsSync(from)) return;
  cpSync(from, join(cache, 'reeve'), { recursive: true });
}
