/** What the platform's owner, and whoever may less, sees of sites, containers and what becomes of them. */
import assert from 'node:assert/strict';
import { finishRun } from '../../../src/database/run.ts';
import type { Example } from '../example/index.ts';
import { pressed, refused, seenBy, type State } from './state.ts';

/** Of an example, which gets a container that has not joined, a run that ends badly, an approval and deliveries; each can be shown once. */
export async function statesOfPlatform({ api, people, sites, values }: Example, words: string): Promise<State[]> {
  const [owner, editor, viewer, siteOwner] = [people.owner, people.editor, people.viewer, people.siteOwner].map((who) => seenBy(api.url, who));
  const { joining, run, incidents } = await addMore(api, people, sites, values.channel!);
  const refusals = [
    '/sites/new', `/sites/${sites.garden}/hostnames/new`, `/sites/${sites.garden}/settings`, `/sites/${sites.garden}/environment`, `/sites/${sites.garden}/actions/delete`,
    `/containers/${values.container}/actions/replace`, '/people/invite', '/people/grants', '/people/new-role', '/people/tokens/new',
    `/people/users/${values.user}/edit`, `/people/users/${values.user}/remove`, '/account/tokens/new', '/releases', '/settings', '/settings/alerts/new/email',
  ];
  const none = ['/sites?q=zzz', '/runs?state=superseded', '/incidents?site=nobody', '/approvals?type=deleteSite', '/containers?state=draining', '/events?type=nothing', '/audit?actor=nobody', '/people?q=zzz', '/people/teams?q=zzz', '/releases?q=zzz', '/settings/alerts?state=dropped'];
  return [
    owner!('not-found', '/nothing/here'), editor!('forbidden', '/sites/new'), siteOwner!('overview-sites', '/'),
    ...refusals.map((path) => owner!(`refused ${path}`, (page) => refused(page, path, words))),
    ...none.map((path) => owner!(`none ${path}`, path)),
    ...(['archive', 'history', 'museum', 'bakery', 'swimming'] as const).map((name) => owner!(`site-${name}`, `/sites/${sites[name]}`)),
    ...([['history', 'purge'], ['history', 'restore'], ['archive', 'resume'], ['archive', 'upgrade'], ['garden', 'upgrade']] as const).map(([name, act]) => owner!(`site-${name}-${act}`, `/sites/${sites[name]}/actions/${act}`)),
    owner!('container-regenerate', `/containers/${values.container}/actions/regenerate`), owner!('drift-not-known', `/containers/${joining}/drift`),
    owner!('unavailable', async (page) => {
      await page.goto(`/containers/${joining}`);
      await page.getByRole('button', { name: 'Check it now' }).click();
      await page.getByText('has not joined yet').waitFor();
    }),
    owner!('hostname-reserved', `/hostnames/${run.hostname}`), owner!('site-proof', `/sites/${sites.garden}`),
    owner!('run-ending', async (page) => {
      await page.goto(`/runs/${run.id}`);
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.getByText('It was asked to end').waitFor();
    }),
    owner!('run-failed', async (page) => {
      await finishRun(api.database.pool, run.id, 'failed', { error: { type: 'step-failed', message: 'the name server does not answer' } });
      await page.goto(`/runs/${run.id}`);
    }),
    ...incidents.map(({ id, state }) => owner!(`incident-${state}`, `/incidents/${id}`)),
    owner!('approval-asked', async (page) => {
      await page.goto(`/sites/${sites.history}/actions/purge`);
      const asks = await page.locator('label', { hasText: 'to confirm' }).innerText();
      await page.getByLabel('to confirm').fill(/“(.*)”/s.exec(asks)![1]!);
      await page.getByRole('button', { name: 'Purge this site for good' }).click();
      await page.locator('[role=alert] a').waitFor();
    }),
    owner!('approval-own', async (page) => {
      await page.goto('/approvals?type=purgeSite');
      await page.locator('#list tbody th a').first().click();
      await page.getByText('a second person must approve it').waitFor();
    }),
    ...['slack', 'email'].map((kind) => owner!(`new-${kind}`, `/settings/alerts/new/${kind}`)),
    owner!('login-link', pressed(`/sites/${sites.garden}/actions`, 'Make a link', '[data-copy]')),
    owner!('audit-head-refused', '/audit/verify?head=x'), owner!('said', '/sites?said=saved'), owner!('address-refused', `/sites/${sites.garden}?range=nothing`),
    owner!('menu', async (page) => {
      await page.goto('/containers');
      await page.locator('.who').click();
      await page.getByRole('link', { name: 'Account', exact: true }).waitFor();
    }),
    owner!('menu-on-a-phone', async (page) => {
      await page.setViewportSize({ width: 390, height: 844 });
      await page.goto('/containers');
      await page.getByRole('button', { name: 'Menu' }).click();
      await page.getByRole('link', { name: 'Runs' }).waitFor();
    }),
    // Without what their buttons are for.
    ...['/', `/sites/${sites.garden}`, `/sites/${sites.garden}/environment`, `/sites/${sites.garden}/actions`, '/hostnames/www.garden-club.org', `/containers/${values.container}`, '/settings', '/releases']
      .map((path) => viewer!(`viewer ${path}`, path)),
  ];
}

async function addMore(api: Example['api'], { owner: { send } }: Example['people'], sites: Example['sites'], channel: string) {
  const { pool } = api.database;
  const asked = async (method: string, path: string, body?: object) => {
    const { status, body: answer } = await send(method, path, body ? { body } : {});
    assert.ok(status < 300, `${path}: ${JSON.stringify(answer)}`);
    return answer;
  };
  const hostname = 'shop.garden-club.org';
  const { run } = await asked('POST', `/sites/${sites.garden}/hostnames`, { hostname });
  await pool.query(`update hostname set proof = 'reeve-7f3c' where hostname = $1`, [hostname]);
  await asked('POST', `/alerts/channels/${channel}/test`);
  await pool.query(`update delivery set state = 'failed', last_error = 'it answered 500', ended_at = now()`);
  await asked('POST', `/alerts/channels/${channel}/test`);
  const { items } = await asked('GET', '/incidents') as { items: { id: number; state: string }[] };
  return { joining: (await asked('POST', '/containers', {})).id as string, run: { id: run.id as string, hostname }, incidents: items.filter(({ state }) => state !== 'open') };
}
