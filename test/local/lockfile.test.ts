import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

interface Entry {
  readonly version?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

test('the lock names the binaries for every platform: npm ci refuses one that leaves some out', () => {
  // npm leaves out, without a word, an optional package that the registry did not have at that moment.
  const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as {
    packages: Record<string, Entry>;
  };
  const names = Object.keys(lock.packages);
  const missing = Object.entries(lock.packages).flatMap(([from, entry]) =>
    Object.keys(entry.optionalDependencies ?? {})
      .filter((name) => !names.some((path) => path.endsWith(`node_modules/${name}`)))
      .map((name) => `${from} wants ${name}`),
  );
  assert.deepEqual(missing, [], 'choose a version of the package whose optional dependencies are all published');
});
