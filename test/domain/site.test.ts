import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seenIn } from '../../src/domain/desired.ts';
import { parseHostname, platformHostname } from '../../src/domain/hostname.ts';
import { releaseId, site } from '../render/fixture.ts';
import { envProblems, siteNameProblem, siteSettings, siteSettingsPatchSchema, siteSettingsSchema } from '../../src/domain/site.ts';

test('settings have defaults, bounds, and no unknown names', () => {
  const defaults = { processes: 2, threads: 2, harakiri: 30, memory: 1024, connections: 10, healthPath: null, healthStatuses: null, slowMs: null };
  assert.deepEqual(siteSettings({}), defaults);
  assert.deepEqual(siteSettings({ processes: 4 }), { ...defaults, processes: 4 });
  for (const bad of [{ processes: 0 }, { processes: 1.5 }, { threads: '2' }, { memory: 1 }, { harakiri: Number.NaN }, { colour: 1 },
    { healthPath: 'health/' }, { healthPath: '//elsewhere/' }, { healthPath: '/a b' }, { healthStatuses: [] }, { healthStatuses: [99] }, { slowMs: 0 }]) {
    assert.equal(siteSettingsSchema.safeParse(bad).success, false, JSON.stringify(bad));
  }
});

test('a release that is tried is given to that container alone, while the site is live', () => {
  const row = { ...site(1, { release: releaseId(1), previousRelease: null }), trial: { container: 'c000000001', release: releaseId(2) } };
  const { trial, ...plain } = row;
  assert.deepEqual(seenIn(row, 'c000000001'), { ...plain, release: releaseId(2), previousRelease: releaseId(1) });
  assert.deepEqual(seenIn(row, 'c000000002'), plain);
  assert.deepEqual(seenIn({ ...row, phase: 'suspended' }, trial.container), { ...plain, phase: 'suspended' });
  assert.deepEqual(seenIn({ ...plain, trial: null }, 'c000000001'), plain);
});

test('a patch changes what it names alone', () => {
  assert.deepEqual(siteSettingsPatchSchema.parse({ threads: 3 }), { threads: 3 });
  assert.deepEqual(siteSettingsPatchSchema.parse({}), {});
  assert.deepEqual(siteSettingsPatchSchema.parse({ healthPath: null, slowMs: 500 }), { healthPath: null, slowMs: 500 });
  assert.equal(siteSettingsPatchSchema.safeParse({ threads: 99 }).success, false);
  assert.equal(siteSettingsPatchSchema.safeParse({ colour: 1 }).success, false);
});

test('names are labels that mean nothing else', () => {
  for (const good of ['alpha', 'a1', 'my-shop', 'a'.repeat(40)]) assert.equal(siteNameProblem(good), null, good);
  for (const bad of ['', 'a', 'a'.repeat(41), 'Alpha', '1a', '-a', 'a-', 'a_b', 'a.b', 'xn--abc', 'ab--c', 'www', 'api', 'ä1', 'a b', 'a\n']) {
    assert.equal(typeof siteNameProblem(bad), 'string', JSON.stringify(bad));
  }
});

test('each name that is allowed gives a hostname that is allowed', () => {
  fc.assert(fc.property(fc.stringMatching(/^[a-z0-9-]{1,42}$/), (name) => {
    if (siteNameProblem(name) !== null) return;
    assert.equal(parseHostname(platformHostname(name, 'localhost'), { baseDomain: 'localhost' }).ok, true, name);
  }));
});

test('variables that would change what code runs are refused', () => {
  assert.deepEqual(envProblems({ STRIPE_KEY: 'sk_"\n$x', lower_ok: '' }), []);
  for (const name of ['LD_PRELOAD', 'PYTHONPATH', 'REEVE_SITE_ID', 'UWSGI_X', 'PATH', '1A', 'A-B', 'A=B', '']) {
    assert.equal(envProblems({ [name]: 'x' }).length, 1, name);
  }
  assert.equal(envProblems({ A: 'x\0y' }).length, 1);
  assert.equal(envProblems({ A: 'x'.repeat(40_000) }).length, 1);
  assert.equal(envProblems(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`A${i}`, 'x'.repeat(30_000)]))).length, 1);
});
