import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { normalizeHostname, parseHostname, platformHostname, type HostnameRefusal } from '../../src/domain/hostname.ts';

const platform = { baseDomain: 'sites.example.com' };
const local = { baseDomain: 'localhost' };

test('what people type becomes the one form that is stored', () => {
  for (const [typed, hostname] of [
    ['Shop.Example.ORG', 'shop.example.org'],
    ['  shop.example.org. ', 'shop.example.org'],
    ['bücher.example.org', 'xn--bcher-kva.example.org'],
    ['BÜCHER。example。org', 'xn--bcher-kva.example.org'],
    ['ｓｈｏｐ.example.org', 'shop.example.org'],
    ['xn--bcher-kva.example.org', 'xn--bcher-kva.example.org'],
    ['alpha.sites.example.com', 'alpha.sites.example.com'],
    ['example.com', 'example.com'],
    ['foo.github.io', 'foo.github.io'],
    ['intranet.corp', 'intranet.corp'],
  ] as const) {
    assert.deepEqual(parseHostname(typed, platform), { ok: true, hostname }, typed);
  }
  assert.deepEqual(parseHostname('alpha.localhost', local), { ok: true, hostname: 'alpha.localhost' });
});

test('each refusal says which rule it breaks', () => {
  const cases: [string, HostnameRefusal][] = [
    ['', 'empty'],
    ['   ', 'empty'],
    ['https://shop.example.org/', 'not-a-name'],
    ['shop.example.org:8080', 'not-a-name'],
    ['shop.example.org/x', 'not-a-name'],
    ['sh%6fp.example.org', 'not-a-name'],
    ['shop .example.org', 'not-a-name'],
    ['shop.\u200bexample.org\u2028x', 'not-a-name'],
    ['shop\n.example.org', 'not-a-name'],
    ['under_score.example.org', 'not-a-name'],
    ['*.example.org', 'not-a-name'],
    ['x／y.example.org', 'not-a-name'],
    ['shop.example.org;', 'not-a-name'],
    ['192.0.2.1', 'address'],
    ['[2001:db8::1]', 'address'],
    ['0x7f.1', 'address'],
    ['127.1', 'address'],
    ['１２７.0.0.1', 'address'],
    ['a..example.org', 'bad-label'],
    ['.example.org', 'bad-label'],
    ['-a.example.org', 'bad-label'],
    ['a-.example.org', 'bad-label'],
    [`${'a'.repeat(64)}.example.org`, 'bad-label'],
    [`${`${'a'.repeat(60)}.`.repeat(5)}org`, 'too-long'],
    ['a'.repeat(2_000), 'too-long'],
    ['shop', 'single-label'],
    ['co.uk', 'public-suffix'],
    ['github.io', 'public-suffix'],
    ['alpha.localhost', 'local'],
    ['localhost', 'local'],
    ['sites.example.com', 'platform'],
    ['generation.reeve.internal', 'platform'],
    ['a.b.sites.example.com', 'too-deep'],
    ['www.sites.example.com', 'reserved'],
    ['api.sites.example.com', 'reserved'],
  ];
  for (const [typed, reason] of cases) {
    const parsed = parseHostname(typed, platform);
    assert.equal(parsed.ok ? `bound ${parsed.hostname}` : parsed.reason, reason, JSON.stringify(typed));
  }
  assert.equal((parseHostname('localhost', local) as { reason: string }).reason, 'platform');
});

test('whatever is typed, what is accepted is a DNS name in normal form, and is its own normal form', () => {
  const label = fc.string({ unit: fc.constantFrom(...'abcxyz019-ÄößЖ日。.ー’;"\'{}$%@#\\/ \n\t\0_*[]:|&<>～ｓ'), minLength: 0, maxLength: 20 });
  const typed = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.array(label, { maxLength: 5 }).map((parts) => parts.join('.')), fc.domain());
  let accepted = 0;
  fc.assert(
    fc.property(typed, (text) => {
      const parsed = parseHostname(text, platform);
      if (!parsed.ok) return assert.ok(parsed.message.length > 10);
      accepted++;
      assert.match(parsed.hostname, /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/);
      assert.deepEqual(parseHostname(parsed.hostname, platform), parsed);
      assert.deepEqual(normalizeHostname(parsed.hostname.toUpperCase()), parsed);
    }),
    { numRuns: 3_000 },
  );
  assert.ok(accepted > 300, `only ${accepted} were accepted: the property says too little`);
});

test('a site’s own hostname is one that could be bound', () => {
  assert.deepEqual(parseHostname(platformHostname('alpha', 'localhost'), local), { ok: true, hostname: 'alpha.localhost' });
});
