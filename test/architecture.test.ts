/** Imports point one way (DESIGN.md, "The tree"), and the pure parts stay pure. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

interface Import {
  readonly from: string;
  /** A path below the root, or a package's name. */
  readonly to: string;
  readonly typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const found: Import[] = [];
  for (const [, keyword, clause, to] of text.matchAll(/^\s*(import|export)\s+([^'";]*?)(?:from\s+)?'([^']+)'/gm)) {
    const typeOnly = /^type\b/.test(clause ?? '') && keyword !== undefined;
    const target = to!.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(file), to!)) : to!;
    found.push({ from: file, to: target, typeOnly });
  }
  return found;
}

const files = globSync(['src/**/*.ts', 'workflows/**/*.ts', 'activities/**/*.ts'], { cwd: ROOT });
const imports = files.flatMap(importsOf);

/** Room → the rooms of the project it may import from, besides itself. */
const MAY: Record<string, readonly string[]> = {
  'src/domain': [],
  'src/render': ['src/domain'],
  'src/database': ['src/domain'],
  'src/process': [],
  'src/codebase': ['src/domain', 'src/process'],
  'src/network': ['src/domain'],
  'src/storage': ['src/domain', 'src/database', 'src/network', 'src/process'],
  workflows: ['src/domain', 'activities', 'src/temporal'],
};

for (const [room, allowed] of Object.entries(MAY)) {
  test(`${room} imports only from ${[room, ...allowed].join(', ')}`, () => {
    const wrong = imports.filter((i) => i.from.startsWith(`${room}/`) && /^(src|workflows|activities)\//.test(i.to)
      && ![room, ...allowed].some((place) => i.to.startsWith(`${place}/`)));
    assert.deepEqual(wrong.map((i) => `${i.from} → ${i.to}`), []);
  });
}

test('workflows take activities as types only', () => {
  const wrong = imports.filter((i) => i.from.startsWith('workflows/') && i.to.startsWith('activities/') && !i.typeOnly);
  assert.deepEqual(wrong.map((i) => `${i.from} → ${i.to}`), []);
});

test('the domain and rendering do no I/O, read no clock and draw no chance', () => {
  const impure = /^(node:)?(fs|fs\/promises|http|https|child_process|timers|dgram|dns|os|worker_threads)$|^(pg|undici|express)$/;
  const pure = (file: string) => /^src\/(domain|render)\//.test(file) && file !== 'src/render/templates.ts';
  const wrong = imports.filter((i) => pure(i.from) && impure.test(i.to)).map((i) => `${i.from} → ${i.to}`);
  for (const file of files.filter(pure)) {
    const text = readFileSync(join(ROOT, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    if (/\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\brandomBytes\(|\bprocess\.env\b/.test(text)) wrong.push(`${file}: clock, chance or environment`);
  }
  assert.deepEqual(wrong, []);
});

test('no part imports the dashboard, the command line or the local platform, but those that start them', () => {
  const wrong = imports.filter((i) => /^src\/(cli|local)\//.test(i.to) && !/^src\/(cli|local|bin)\//.test(i.from) && !i.typeOnly);
  assert.deepEqual(wrong.map((i) => `${i.from} → ${i.to}`), []);
});
