import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readConfig } from '../src/config.ts';

const environment = {
  REEVE_DATABASE_URL: 'postgres://postgres@one/reeve', REEVE_SITES_DATABASE_URL: 'postgres://postgres:own@two/postgres',
  REEVE_MASTER_KEY_FILE: '/k', REEVE_RELEASES_DIR: '/r', REEVE_STORES_DIR: '/s',
};

test('a password file fills in what a database’s URL leaves out, and nothing else', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-config-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'password');
  writeFileSync(file, 'p@ss/word\n');
  const config = readConfig({ ...environment, REEVE_POSTGRES_PASSWORD_FILE: file });
  assert.equal(config.REEVE_DATABASE_URL, 'postgres://postgres:p%40ss%2Fword@one/reeve');
  assert.equal(config.REEVE_SITES_DATABASE_URL, environment.REEVE_SITES_DATABASE_URL);
  assert.equal(readConfig(environment).REEVE_DATABASE_URL, environment.REEVE_DATABASE_URL);
});

test('the application’s role has its password from the master key', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-config-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'master.key');
  writeFileSync(file, `${'ab'.repeat(32)}\n`);
  const role = { ...environment, REEVE_DATABASE_URL: 'postgres://reeve_app@one/reeve', REEVE_MASTER_KEY_FILE: file };
  assert.match(readConfig(role).REEVE_DATABASE_URL, /^postgres:\/\/reeve_app:[0-9a-f]{48}@one\/reeve$/);
  assert.equal(readConfig({ ...role, REEVE_POSTGRES_PASSWORD_FILE: '/never/read' }).REEVE_DATABASE_URL, readConfig(role).REEVE_DATABASE_URL);
});

test('what is missing or wrong is named', () => {
  assert.throws(() => readConfig({ ...environment, REEVE_DATABASE_URL: 'no', REEVE_STORES_DIR: undefined }),
    (error: { type: string; message: string }) => error.type === 'invalid' && /REEVE_DATABASE_URL.*REEVE_STORES_DIR/.test(error.message));
});
