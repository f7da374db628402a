import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { doctor, formatDoctor } from '../../src/local/doctor.ts';
import { checkUninstalled } from '../../src/local/doctor-tools.ts';
import { findHome, type Home } from '../../src/local/home.ts';
import { findNginx } from '../../src/local/setup/nginx.ts';
import { type Installed, SetupError, setUp, type Step } from '../../src/local/setup/index.ts';
import { findPostgres } from '../../src/local/setup/postgres.ts';
import { placeOnce } from '../../src/local/setup/place.ts';
import { findTemporal } from '../../src/local/setup/temporal.ts';

const scratch = mkdtempSync(join(tmpdir(), 'reeve-setup-'));
chmodSync(scratch, 0o755);
const home = findHome({ root: join(scratch, 'home'), env: {} });
after(() => {
  rmSync(scratch, { recursive: true, force: true });
  rmSync(home.runDir, { recursive: true, force: true });
});

let installed: Installed;

/** Each file of the tools, and when it was written. */
function toolsOf({ toolsDir }: Home): string[] {
  return readdirSync(toolsDir, { recursive: true, encoding: 'utf8' }).map((name) => `${name} ${lstatSync(join(toolsDir, name)).mtimeMs}`).sort();
}

test('set-up brings all that is missing, and the second time brings nothing', async () => {
  const steps: Step[] = [];
  installed = await setUp(home, (step) => steps.push(step));
  for (const name of ['Node', 'Postgres', 'Temporal', 'Python', 'uWSGI', 'nginx']) {
    assert.ok(steps.some((step) => step.name === name && step.state === 'done'), name);
  }
  const before = toolsOf(home);
  const again = await setUp(home, (step) => assert.notEqual(step.state, 'working', `${step.name}: ${step.detail}`));
  assert.deepEqual(toolsOf(home), before);
  assert.deepEqual({ ...again, pip: null }, { ...installed, pip: null, temporal: again.temporal });
});

test('uWSGI runs from the virtual environment that was made', () => {
  const version = execFileSync(join(installed.toolsVenv, 'bin', 'pyuwsgi'), ['--version'], { encoding: 'utf8' });
  assert.match(version, /^2\.0\.30/);
});

test('where the system’s nginx lacks a module, or there is none, the pinned one is brought and runs', async () => {
  const poor = join(scratch, 'poor-nginx');
  writeFileSync(poor, '#!/bin/sh\necho "nginx version: nginx/1.2.3\nconfigure arguments: --without-http_map_module" >&2\n', { mode: 0o755 });
  const steps: Step[] = [];
  const nginx = await findNginx(home, installed.python, (step) => steps.push(step), [poor]);
  assert.equal(nginx.source, 'wheel');
  assert.equal(nginx.version, '1.31.3');
  assert.ok(steps.some((step) => step.detail.includes('lacks http_realip_module, http_map_module')));
});

test('requirements are installed with their pinned versions; what cannot be had is told in one line', async () => {
  const venv = join(scratch, 'venv');
  const good = join(scratch, 'requirements.txt');
  writeFileSync(good, 'sqlparse==0.5.3\n');
  await installed.pip.makeVenv(venv, () => {});
  await installed.pip.installRequirements(venv, good, () => {});
  const version = execFileSync(join(venv, 'bin', 'python3'), ['-c', 'import sqlparse; print(sqlparse.__version__)'], { encoding: 'utf8' });
  assert.equal(version.trim(), '0.5.3');
  const bad = join(scratch, 'bad.txt');
  writeFileSync(bad, 'sqlparse==0.0.0.999\n');
  await assert.rejects(installed.pip.installRequirements(venv, bad, () => {}), (error: unknown) => {
    assert.ok(error instanceof SetupError);
    assert.equal(error.message.split('\n').length, 1);
    assert.match(error.tail, /sqlparse/);
    return true;
  });
});

test('servers that the environment names are used instead', async () => {
  const env = { DATABASE_URL: 'postgres://a/b', REEVE_SITES_DATABASE_URL: 'postgres://c/d', TEMPORAL_ADDRESS: 'temporal:7233' };
  const postgres = await findPostgres(home, () => {}, env);
  assert.deepEqual(postgres, { url: 'postgres://a/b', sitesUrl: 'postgres://c/d' });
  const one = await findPostgres(home, () => {}, { DATABASE_URL: 'postgres://a/b' });
  assert.ok(one.binDir && one.url && !one.sitesUrl);
  assert.deepEqual(await findTemporal(home, () => {}, env), { address: 'temporal:7233' });
});

test('two at once make one, and what a killed one left is replaced', async () => {
  const place = join(scratch, 'places', 'thing');
  mkdirSync(`${place}.part`, { recursive: true });
  writeFileSync(join(`${place}.part`, 'half'), '');
  let made = 0;
  const make = async (draft: string) => {
    made += 1;
    writeFileSync(join(draft, 'whole'), '');
  };
  await Promise.all([1, 2].map(() => placeOnce(place, 'Thing', () => {}, make)));
  assert.equal(made, 1);
  assert.deepEqual(readdirSync(place), ['whole']);
  assert.deepEqual(readdirSync(join(scratch, 'places')), ['thing']);
});

test('one that fails leaves nothing that looks finished', async () => {
  const place = join(scratch, 'places', 'failing');
  await assert.rejects(placeOnce(place, 'Thing', () => {}, () => Promise.reject(new Error('no network'))));
  assert.equal(existsSync(place), false);
  await placeOnce(place, 'Thing', () => {}, async () => {});
  assert.ok(existsSync(place));
});

test('where set-up cannot go on, the doctor says so before it was tried', async () => {
  const old = join(scratch, 'python-old');
  const answer = JSON.stringify({ path: old, version: [3, 9, 2], missing: [], library: '/usr/lib' });
  writeFileSync(old, `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 });
  const findings = await checkUninstalled({}, [old]);
  assert.deepEqual(findings.filter(({ state }) => state === 'missing').map(({ name }) => name), ['Python', 'uWSGI']);
  assert.match(findings.find(({ name }) => name === 'Python')!.hint!, /^install /);
  assert.match(findings.find(({ name }) => name === 'Python, passed over')!.detail, /python-old: 3\.9\.2 is older than 3\.10/);
});

test('the doctor tells what was chosen, and changes nothing', async () => {
  const before = readdirSync(home.root);
  const report = await doctor(home);
  assert.equal(report.installed?.python.path, installed.python.path);
  assert.equal(report.runningAs, null);
  const missing = report.findings.filter((finding) => finding.state === 'missing');
  assert.deepEqual(missing, []);
  assert.match(formatDoctor(report), /Postgres .*18\./);
  const fresh = await doctor(findHome({ root: join(scratch, 'never') }));
  assert.ok(fresh.findings.some((finding) => finding.name === 'Set-up' && finding.hint === 'npm start'));
  assert.equal(existsSync(join(scratch, 'never')), false);
  // Before set-up has ended, what it would choose.
  const shown = formatDoctor(fresh);
  for (const line of [/^ok +Postgres +18\..*, of npm/m, /^ok +Python +3\.\d+\.\d+, \//m, /^ok +uWSGI +pip brings/m]) assert.match(shown, line);
  assert.deepEqual(readdirSync(home.root), before);
});
