/** Where visitors find a hostname: the one address that the API, links, sites and probes all have of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOf } from '../../src/domain/address.ts';

const CASES: [https: 'allow' | 'redirect', scheme: 'http' | 'https', port: number, address: string][] = [
  ['allow', 'http', 80, 'http://a.test'],
  ['allow', 'http', 8080, 'http://a.test:8080'],
  ['allow', 'https', 443, 'https://a.test'],
  ['allow', 'https', 8443, 'https://a.test:8443'],
  ['redirect', 'http', 80, 'https://a.test'],
  // The port is that of http: where https is reached then, only its own port can say.
  ['redirect', 'http', 8080, 'https://a.test'],
  ['redirect', 'https', 443, 'https://a.test'],
  ['redirect', 'https', 8443, 'https://a.test:8443'],
];
for (const [https, publicScheme, publicPort, address] of CASES) {
  test(`https ${https}, visitors use ${publicScheme} on ${publicPort}: ${address}`, () =>
    assert.equal(addressOf({ hostname: 'a.test', https }, { publicScheme, publicPort }), address));
}
