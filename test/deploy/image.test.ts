/** The image holds what its parts read, with nothing compiled: by the Dockerfile's own words, without an engine. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../run-files.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
const ROOMS = ['bin', 'src', 'activities', 'workflows', 'templates', 'tools', 'tenant'];

test('every room is let into the build, and copied into the image', () => {
  const ignore = read('.dockerignore').split('\n');
  const final = read('deploy/Dockerfile').split(/^FROM /m).at(-1)!;
  for (const room of ROOMS) {
    assert.ok(ignore.includes(`!${room}`), room);
    assert.match(final, new RegExp(`^COPY ${room} /opt/reeve/${room}$`, 'm'));
  }
});

test('every package that a part imports is installed where nothing is developed', () => {
  const wrong: string[] = [];
  for (const file of globSync(['src/**/*.ts', 'activities/**/*.ts', 'workflows/**/*.ts'], { cwd: ROOT })) {
    const code = read(file).replace(/^\s*(import|export) type .*$/gm, '');
    for (const [, name] of code.matchAll(/(?:\bfrom |\bimport\(|^import |\bresolve\((?='[^']*\/)|\brequire\()'([^'./][^']*)'/gm)) {
      const parts = name!.split('/');
      const own = parts.slice(0, name!.startsWith('@') ? 2 : 1).join('/');
      if (!isBuiltin(name!) && !name!.includes(':') && !(own in dependencies)) wrong.push(`${file} → ${name}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('no part reads a file of a room that the image lacks', () => {
  const wrong: string[] = [];
  for (const file of globSync(['src/**/*.ts', 'activities/**/*.ts', 'workflows/**/*.ts'], { cwd: ROOT })) {
    const depth = file.split('/').length - 1;
    const above = '\\.\\./'.repeat(depth);
    for (const [, room] of read(file).matchAll(new RegExp(`['"\`]${above}([a-z]+)/`, 'g'))) {
      if (!ROOMS.includes(room!)) wrong.push(`${file} → ${room}`);
    }
  }
  assert.deepEqual(wrong, []);
});
