/** What could not be read is said, never shown as if there were nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { View } from '../../src/dashboard/page.ts';
import { chartData } from '../../src/dashboard/pages/site/chart.ts';
import { siteOverview } from '../../src/dashboard/pages/site/overview.ts';
import { ReeveError } from '../../src/domain/errors.ts';
import type { Action } from '../../src/domain/permission.ts';

const reserved = (hostname: string) => ({ hostname, status: 'reserved' });
const site = { id: 's012345678', name: 'alpha', run: null, conditions: [], hostnames: [reserved('a.example.org'), reserved('b.example.org'), reserved('c.example.org')] };
const none = { items: [], next: null };

/** A site's page, as somebody who may do all but `not`; each route answers what `reads` says of its path, or an empty list. */
function viewOf(reads: (path: string, params: Readonly<Record<string, string>>) => unknown, not: readonly Action[] = []) {
  const sent: string[] = [];
  const view = {
    params: { site: site.id }, query: {}, request: { path: `/sites/${site.id}` }, must: () => {}, may: (action: Action) => !not.includes(action),
    routes: { get: async (path: string, { params = {} }: { params?: Record<string, string> } = {}) => reads(path, params) ?? (path === '/sites/{site}' ? site : path === '/health/history' ? { points: [], step: 'raw' } : none) },
    response: { setHeader: () => {}, end: (text: string) => sent.push(text) },
  };
  return { view: view as unknown as View, sent };
}

const away = () => { throw new ReeveError('unavailable', 'the database does not answer'); };

test('a chart whose changes, containers or runs cannot be read fails, and says not that nothing happened', async () => {
  for (const failed of ['/events', '/containers', '/runs']) {
    const { view, sent } = viewOf((path) => (path === failed ? away() : undefined));
    await assert.rejects(chartData.handle(view), { type: 'unavailable' }, failed);
    assert.deepEqual(sent, []);
  }
});

test('a chart leaves out what one may not read, without asking for it', async () => {
  const { view, sent } = viewOf((path) => (['/events', '/containers', '/runs'].includes(path) ? away() : undefined), ['event:read', 'container:read', 'run:read']);
  await chartData.handle(view);
  assert.deepEqual(JSON.parse(sent[0]!).markers, []);
});

test('each proof that a hostname waits for is shown, also when another one was unbound meanwhile or cannot be read', async () => {
  const proof = { name: '_reeve.a.example.org', type: 'TXT', value: 'x' };
  const { view } = viewOf((path, { hostname }) => {
    if (path !== '/hostnames/{hostname}') return undefined;
    if (hostname === 'b.example.org') throw new ReeveError('not-found', 'no site has the hostname b.example.org');
    return hostname === 'c.example.org' ? away() : { hostname, proof };
  });
  const { data } = (await siteOverview.handle(view)) as { data: { proofs: unknown } };
  assert.deepEqual(data.proofs, [
    { hostname: 'a.example.org', ok: true, value: proof }, { hostname: 'b.example.org', ok: true, value: null },
    { hostname: 'c.example.org', ok: false, problem: 'The database does not answer.' },
  ]);
});
