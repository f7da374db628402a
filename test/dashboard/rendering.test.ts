/** Whatever people or sites put into a field stays text. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { localAddress, path } from '../../src/dashboard/address.ts';
import { render, templateTexts } from '../../src/dashboard/html.ts';
import { saidIn } from '../../src/dashboard/said.ts';
import { sparkline } from '../../src/dashboard/sparkline.ts';
import { statusOf } from '../../src/dashboard/words.ts';
import { whySchema } from '../../src/domain/resources/why.ts';
import { hostile } from './hostile.ts';

const texts = new Map([...templateTexts(), ...[...templateTexts('parts/')].map(([name, text]) => [`parts/${name}`, text] as const)]);

test('no template but the layout puts anything on a page unescaped', () => {
  assert.ok(texts.size > 20);
  for (const [name, text] of texts) {
    const unescaped = text.match(/\{\{\{|\{\{~?&/g) ?? [];
    assert.equal(unescaped.length, name === 'layout' ? 1 : 0, name);
  }
});

test('values stand in quoted attributes, never in a script, a style or the name of an attribute', () => {
  for (const [name, text] of texts) {
    // Without the blocks, whose text is as it stands, and the comments.
    const flat = text.replace(/\{\{!--[\s\S]*?--\}\}/g, '').replace(/\{\{~?[#/^][^}]*\}\}|\{\{else[^}]*\}\}/g, ' ').replace(/\{\{> [^}]*\}\}/g, '');
    for (const [tag] of flat.matchAll(/<[a-z][^<>]*\{\{[^<>]*>/gi)) {
      assert.doesNotMatch(tag.replace(/"[^"]*"|'[^']*'/g, ''), /\{\{/, `${name}: ${tag}`);
      assert.doesNotMatch(tag, /\s(on\w+|style|srcdoc)=/i, `${name}: ${tag}`);
    }
    assert.doesNotMatch(text, /<style|<script(?![^>]*src=)|javascript:/i, name);
  }
});

test('every place that a link’s value comes from is an address of ours, or named here', () => {
  // Given by the API itself, which makes them: the Temporal UI, the site’s own address, a sign-in link to its admin.
  const ELSEWHERE = new Set(['run.temporalUrl', 'temporalUrl', 'url', 'link.url']);
  const whole = /href="\{\{([\w.@/]+)\}\}/g;
  const OWN = /^(\.\.\/|@root\.)?(about\.|paging\.|shell\.|step\.)?(href|upHref|first|next|base|back|here)$|(^|\.)href$/;
  for (const [name, text] of texts) {
    for (const [, value] of text.matchAll(whole)) {
      if (name.startsWith('sign-in') || name.startsWith('account') || name.startsWith('people')) continue;
      assert.ok(OWN.test(value!) || ELSEWHERE.has(value!), `${name}: ${value}`);
    }
  }
});

const SHAPE = /<\/?[a-z][^\s>]*|\s[a-z-]+(?==")/gi;

test('a field keeps its shape, whatever is typed into it and complained of', () => {
  const page = (text: string) => render('hostname-new', {
    site: { name: text, status: 'active' }, base: '/sites/s0', tabs: [{ label: text, href: '/sites/s0' }], roles: [{ value: text, label: text }],
    refused: { title: text, message: text, href: null, fields: { hostname: text }, values: { hostname: text } },
    shell: { csrf: text, key: text },
  });
  const plain = page('x').match(SHAPE);
  fc.assert(fc.property(hostile, (text) => {
    assert.deepEqual(page(text).match(SHAPE), plain);
  }));
});

test('each line of what was typed stays as it was, however deep its field is in parts', () => {
  const html = render('account-token-new', {
    roles: [], groups: [], refused: { title: 'No', message: 'no', href: null, fields: {}, values: { sites: 'alpha\nbeta\n  gamma' } }, shell: { csrf: 'x', key: 'x' },
  });
  assert.match(html, />alpha\nbeta\n {2}gamma<\/textarea>/);
});

test('helpers that make HTML escape what they are given', () => {
  fc.assert(fc.property(hostile, (text) => {
    const drawn = sparkline([1, null, 2], text);
    assert.deepEqual(drawn.match(SHAPE), sparkline([1, null, 2], 'x').match(SHAPE));
  }));
  fc.assert(fc.property(hostile, (text) => {
    const row = (state: string) => render('sites', { sites: [{ id: state, name: state, status: state, hostnames: [{ hostname: state }], release: state, createdAt: '2026-11-25T03:00:00Z' }], shell: {} });
    assert.deepEqual(row(text).match(SHAPE), row('unheard-of').match(SHAPE));
  }));
});

test('one is led back to a page of this dashboard, and nowhere else', () => {
  for (const bad of ['//evil.example', '/\\evil.example', 'https://evil.example', '\\\\evil', 'javascript:alert(1)', '/a\r\nset-cookie: x', '/ä', '', undefined]) {
    assert.equal(localAddress(bad), '/', String(bad));
  }
  assert.equal(localAddress('/sites?q=a%20b#x'), '/sites?q=a%20b#x');
  fc.assert(fc.property(fc.string(), (text) => {
    assert.equal(new URL(localAddress(text), 'http://dashboard.test').origin, 'http://dashboard.test');
  }));
});

test('an id in an address is one part of it', () => {
  fc.assert(fc.property(fc.string({ minLength: 1 }), (id) => {
    const parts = path`/sites/${id}/logs`.split('/');
    assert.equal(parts.length, 4);
    assert.equal(decodeURIComponent(parts[2]!), id);
  }));
});

test('an address puts no words into a page', () => {
  assert.equal(saidIn('saved'), 'Saved.');
  fc.assert(fc.property(fc.string(), (text) => assert.ok(saidIn(text) === null || text === 'saved' || text === 'done')));
  for (const name of ['constructor', '__proto__', 'toString']) assert.equal(saidIn(name), null);
});

test('every icon that a template or a page names is drawn', () => {
  const drawn = new Set([...readFileSync(new URL('../../templates/dashboard/assets/icons.svg', import.meta.url), 'utf8').matchAll(/id="i-(\w+)"/g)].map(([, name]) => name));
  const named = [...texts.values()].flatMap((text) => [...text.matchAll(/\{\{icon "(\w+)"|symbol="(\w+)"/g)].map(([, a, b]) => a ?? b));
  const folder = new URL('../../src/dashboard/', import.meta.url);
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts')).map((file) => readFileSync(new URL(file, folder), 'utf8'));
  named.push(...sources.flatMap((text) => [...text.matchAll(/symbol: '(\w+)'/g)].map(([, name]) => name)));
  assert.deepEqual([...new Set(named)].filter((name) => !drawn.has(name)), []);
});

test('each state of why looks as it is', () => {
  const states = whySchema.shape.state.options;
  assert.deepEqual(states.map((state) => [state, statusOf(state).tone]), [['ok', 'good'], ['bad', 'bad'], ['unknown', 'idle']]);
});
