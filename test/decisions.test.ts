/** Every decision is in the index, so that a newcomer finds it. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';

const DIRECTORY = join(import.meta.dirname, '../docs/decisions');

test('the index of decisions names every page', () => {
  const index = readFileSync(join(DIRECTORY, 'README.md'), 'utf8');
  const pages = globSync('*.md', { cwd: DIRECTORY }).map((page) => basename(page)).filter((page) => page !== 'README.md');
  assert.deepEqual(pages.filter((page) => !index.includes(`(${page})`)), []);
});
