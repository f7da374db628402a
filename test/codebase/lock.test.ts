/** Who holds a lock on a shared volume, and who is taken for gone. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { alone } from '../../src/codebase/lock.ts';
import { until } from '../local/wait.ts';

const directory = mkdtempSync(join(tmpdir(), 'reeve-test-lock-'));
after(() => rmSync(directory, { recursive: true, force: true }));

/** No process here has this number, whenever it has begun. */
const ELSEWHERE = '4194305 1 another-boot/pid:[1] draft';
const ago = (ms: number) => new Date(Date.now() - ms);

test('one whose holder is in another container is waited for as long as it is touched', async () => {
  const file = join(directory, 'elsewhere');
  await writeFile(file, ELSEWHERE);
  const giveUp = AbortSignal.timeout(500);
  await assert.rejects(alone(file, giveUp, async () => 'broken'), { name: 'AbortError' });
  assert.equal(await readFile(file, 'utf8'), ELSEWHERE);

  await utimes(file, ago(61_000), ago(61_000));
  assert.equal(await alone(file, undefined, async () => 'taken over'), 'taken over');
});

test('one whose holder was in this one, and is gone, is taken over at once', async () => {
  const file = join(directory, 'here');
  const own = await alone(file, undefined, () => readFile(file, 'utf8'));
  await writeFile(file, own.replace(/^\d+/, '4194305'));
  assert.equal(await alone(file, undefined, async () => 'taken over'), 'taken over');
});

test('whoever holds one touches it, and whoever waits for one what will be it', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const isTouched = async (file: string) => {
    await until('it to be there', () => stat(file).then(() => true, () => false));
    await utimes(file, ago(61_000), ago(61_000));
    t.mock.timers.tick(10_000);
    await until('it to be touched', async () => Date.now() - (await stat(file)).mtimeMs < 30_000);
  };
  const held = Promise.withResolvers<void>();
  const file = join(directory, 'held');
  const holding = alone(file, undefined, () => held.promise);
  await isTouched(file);
  const waiting = alone(file, undefined, async () => 'then');
  let draft: string | undefined;
  await until('one to wait', async () => {
    draft = (await readdir(directory)).find((name) => name.startsWith('held.'));
    return draft !== undefined;
  });
  await isTouched(join(directory, draft!));
  held.resolve();
  await holding;
  assert.equal(await waiting, 'then');
});
