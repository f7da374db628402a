import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePlatformFile } from '../../../src/cli/apply/file.ts';
import { isReeveError } from '../../../src/domain/errors.ts';

const wanted = (text: string) => parsePlatformFile(text, 'platform.yaml').wanted;

/** Line and words of each complaint. */
function complaints(text: string): string[] {
  try {
    parsePlatformFile(text, 'platform.yaml');
  } catch (error) {
    if (!isReeveError(error, 'invalid')) throw error;
    return error.fields.errors!.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

test('sites, their settings, hostnames and variables are read', () => {
  assert.deepEqual(wanted(`
settings: {ownership: none}
sites:
  alpha:
    settings: {processes: 2}
    env:
      A: 1
      B: {fromEnv: HOME}
    hostnames:
      WWW.Example.org: primary
      example.org: {role: redirect, https: redirect}
      täst.example.org:
  beta:
absent:
  sites: [old]
  hostnames: [Old.example.org]
`), {
    settings: { ownership: 'none' },
    sites: [
      { name: 'alpha', settings: { processes: 2 }, env: ['A', 'B'], hostnames: [
        { hostname: 'www.example.org', role: 'primary' },
        { hostname: 'example.org', role: 'redirect', https: 'redirect' },
        { hostname: 'xn--tst-qla.example.org', role: 'alias' },
      ] },
      { name: 'beta', settings: {}, env: [], hostnames: [] },
    ],
    absent: { sites: ['old'], hostnames: ['old.example.org'] },
  });
});

test('an empty file wants nothing', () => {
  assert.deepEqual(wanted(''), { settings: {}, sites: [], absent: { sites: [], hostnames: [] } });
});

test('an unknown field is named with its line', () => {
  const text = 'sites:\n  alpha:\n    settings:\n      proceses: 2\n    hostname: x\nsite: {}\n';
  assert.deepEqual(complaints(text).sort(), [
    'line 4: sites.alpha.settings.proceses: there is no such field',
    'line 5: sites.alpha.hostname: there is no such field',
    'line 6: site: there is no such field',
  ]);
});

test('a value out of bounds, a bad name and a bad hostname are named with their lines', () => {
  const found = complaints('sites:\n  Alpha:\n    settings: {}\n  beta:\n    settings: {processes: 0}\n    hostnames:\n      a.example.org: main\n');
  assert.match(found.join('\n'), /^line 2: sites\.Alpha: .*small letters/m);
  assert.match(found.join('\n'), /^line 5: sites\.beta\.settings\.processes: /m);
  assert.match(found.join('\n'), /^line 7: sites\.beta\.hostnames\.a\.example\.org: must be primary, alias or redirect/m);
  assert.match(complaints('sites:\n  beta:\n    hostnames:\n      "http://x": alias\n').join('\n'), /^line 4: .*no scheme/m);
});

test('contradictions are named', () => {
  assert.match(complaints('sites:\n  a1: {}\nabsent:\n  sites:\n    - a1\n').join(), /^line 5: .*a1 stands under sites too/);
  assert.match(complaints('sites:\n  a1: {hostnames: {x.example.org: }}\n  a2: {hostnames: {X.example.org: }}\n').join(), /^line 3: .*a1 has it too/);
  assert.match(complaints('sites:\n  a1:\n    hostnames:\n      x.example.org: primary\n      y.example.org: primary\n').join(), /one primary/);
  assert.match(complaints('sites:\n  a1:\n    hostnames:\n      x.example.org: \nabsent:\n  hostnames: [x.example.org]\n').join(), /^line 6: /);
});

test('YAML that cannot be read, and a name that stands twice, are named with their lines', () => {
  assert.match(complaints('sites:\n  alpha: [\n').join(), /^line \d+: /);
  assert.match(complaints('sites:\n  alpha: {}\n  alpha: {}\n').join(), /^line 3: /);
});
