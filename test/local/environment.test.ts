import assert from 'node:assert/strict';
import { test } from 'node:test';
import { childEnvironment } from '../../src/local/environment.ts';

test('behind a proxy, children talk to each other directly, and the person’s own exceptions stay', () => {
  const env = childEnvironment({}, { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: 'intranet' });
  assert.equal(env.HTTPS_PROXY, 'http://proxy:3128');
  assert.deepEqual(env.NO_PROXY?.split(',').sort(), ['.localhost', '127.0.0.1', '::1', 'intranet', 'localhost'].sort());
});

test('of the two spellings of the exceptions the small one counts, and an empty one is none', () => {
  const exceptions = (given: NodeJS.ProcessEnv) => childEnvironment({}, { HTTPS_PROXY: 'http://proxy:3128', ...given }).NO_PROXY!.split(',');
  assert.ok(exceptions({ NO_PROXY: '', no_proxy: 'intranet' }).includes('intranet'));
  assert.ok(exceptions({ NO_PROXY: 'intranet', no_proxy: '' }).includes('intranet'));
  const both = exceptions({ NO_PROXY: 'large', no_proxy: 'small' });
  assert.ok(both.includes('small') && !both.includes('large'), both.join());
});

test('without a proxy nothing is added', () => {
  assert.deepEqual(childEnvironment({ A: '1' }, { PATH: '/bin' }), { PATH: '/bin', A: '1' });
});
