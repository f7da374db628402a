/** Commands that need no running platform. */
import assert from 'node:assert/strict';
import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { reeve } from './program.ts';

const directory = mkdtempSync(join(tmpdir(), 'reeve-test-local-'));
// As root the codebase is tried as another user, who has to get there.
chmodSync(directory, 0o711);
after(() => rmSync(directory, { recursive: true, force: true }));
const EXAMPLE = fileURLToPath(new URL('../fixtures/twelvefactor', import.meta.url));
const env = { REEVE_HOME: join(directory, 'home') };

describe('reeve release check', () => {
  test('tries a codebase whole, migrations on a database of its own too', async () => {
    const { code, stdout, stderr } = await reeve(['release', 'check', EXAMPLE], env);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /✓ its WSGI application can be imported/);
    assert.match(stdout, /✓ its migrations run on a fresh database/);
    assert.match(stdout, /✓ its health path answers/);
  });

  test('names what is missing, with the tool’s last lines and what to do, and ends with 8', async () => {
    const broken = join(directory, 'broken');
    cpSync(EXAMPLE, broken, { recursive: true });
    writeFileSync(join(broken, 'project', 'wsgi.py'), 'import a_module_that_is_not_there\n');
    const { code, stdout, stderr } = await reeve(['release', 'check', broken, '--no-database', '-q'], env);
    assert.equal(code, 8, stdout + stderr);
    assert.match(stdout, /✗ its WSGI application can be imported\n( {4}.*\n)* {4}.*a_module_that_is_not_there.*\n( {4}.*\n)* {4}→ Name a variable/);
    assert.match(stderr, /^reeve: .* cannot be used yet: not so: its WSGI application can be imported\n$/);
  });

  test('a directory that is not there, or is no codebase, is said', async () => {
    assert.equal((await reeve(['release', 'check', join(directory, 'none')], env)).code, 2);
    const { code, stdout } = await reeve(['release', 'check', directory, '--no-database', '-q'], env);
    assert.equal(code, 8);
    assert.match(stdout, /✗ codebase\.json describes the project/);
    const json = await reeve(['release', 'check', directory, '--no-database', '--json', '-q'], env);
    assert.deepEqual([json.code, JSON.parse(json.stderr).type], [8, '/problems/codebase-refused']);
    assert.ok(JSON.parse(json.stdout).items.some((each: { step: string; state: string }) => each.step === 'read' && each.state === 'problem'));
  });
});

test('reeve doctor says what was found, running or not', async () => {
  const { stdout } = await reeve(['doctor'], env);
  assert.match(stdout, /Node +\d+\.\d+/);
  const report = JSON.parse((await reeve(['doctor', '--json'], env)).stdout);
  assert.equal(report.home.root, env.REEVE_HOME);
});

describe('reeve completion', () => {
  test('prints a script for each shell, and completes commands and options', async () => {
    for (const shell of ['bash', 'zsh']) assert.match((await reeve(['completion', shell])).stdout, /reeve/);
    assert.equal((await reeve(['completion', 'tcsh'])).code, 2);
    assert.match((await reeve(['complete', '--', 'site', 'sus'])).stdout, /^suspend\t/m);
    assert.match((await reeve(['complete', '--', 'site', 'create', '--set'])).stdout, /^--setting\t/m);
  });
});
