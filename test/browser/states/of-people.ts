/** What people see of themselves and of one another: ways in, what is shown once, what was not given to them. */
import assert from 'node:assert/strict';
import { createRole } from '../../../src/database/roles.ts';
import { beginDevice } from '../../../src/database/sign-in/devices.ts';
import { SYSTEM } from '../../api/harness.ts';
import { person } from '../../api/people.ts';
import { codeOf, PASSWORD, person as withPassword } from '../../sign-in/people.ts';
import type { Example } from '../example/index.ts';
import { pressed, refused, seenBy, type State } from './state.ts';

/** Of an example, which gets somebody invited, some with and without codes, and a command line that waits; each can be shown once. */
export async function statesOfPeople({ api, people, sites, values }: Example, words: string): Promise<State[]> {
  const { send } = people.owner;
  const pathOf = async (path: string, body: object) => {
    const { status, body: made } = await send('POST', path, { body });
    assert.ok(status < 300, `${path}: ${JSON.stringify(made)}`);
    return made.path as string;
  };
  const { pool } = api.database;
  await createRole(pool, { name: 'onlooker', description: '', actions: ['platform:read', 'site:read', 'container:read', 'user:read', 'incident:read'], actor: SYSTEM });
  const [fresh, onlooker] = [await person(api, 'Noor'), await person(api, 'Robin', [{ role: 'onlooker' }])];
  const [lost, codes] = [await withPassword(api, 'petra', { role: 'viewer' }), await withPassword(api, 'tove', { totp: true, role: 'viewer' })];
  const [invitation, reset] = [await pathOf('/invitations', { email: 'lena@example.org', name: 'Lena' }), await pathOf(`/users/${lost.id}/reset`, {})];
  const { code } = await beginDevice(pool, { name: 'ada@laptop', address: '192.0.2.7' });
  const [owner, siteOwner, nobody, self, onlooks] = [people.owner, people.siteOwner, null, fresh, onlooker].map((who) => seenBy(api.url, who));
  return [
    owner!('who-can', '/people/who-can?action=site:update'), owner!('who-can-one', `/people/who-can?action=site:update&user=aylin@example.org&site=${sites.garden}`),
    owner!('who-can-not', '/people/who-can?action=site:delete&user=ines@example.org'), owner!('who-can-whom', '/people/who-can?action=site:delete&user=nobody@example.org'),
    owner!('made-token', pressed('/account/tokens/new', 'Make it', '#token', { 'What it is for': 'a script' })),
    owner!('made-platform-token', pressed('/people/tokens/new', 'Make it', '#token', { 'What it is for': 'a pipeline' })),
    owner!('one-time-link', pressed('/people/invite', 'Invite', '#link', { 'E-mail': 'zofia@example.org' })),
    owner!('user-with-codes', `/people/users/${codes.id}`), owner!('role-built-in', '/people/roles/owner'),
    owner!('device', `/sign-in/device?code=${code}`), owner!('device-gone', '/sign-in/device?code=BCDF-GHJK'),
    ...[`/sites/${sites.garden}/people`, `/people/invite?site=${sites.garden}`, '/people/grants', '/people/who-can', '/account'].map((path) => siteOwner!(`site-owner ${path}`, path)),
    // Parts that are not for them say so, beside those that are.
    ...['/', `/sites/${sites.garden}`, `/containers/${values.container}`, `/people/users/${values.user}`, `/incidents/${values.incident}`].map((path) => onlooks!(`in part ${path}`, path)),
    self!('given-nothing', '/account'),
    self!('codes-begun', pressed('/account/codes', 'Begin', '#secret')),
    self!('codes-shown', async (page) => {
      const secret = (await page.locator('#secret').innerText()).replace(/\s/g, '');
      await page.getByLabel('The code that it shows now').fill(codeOf({ secret }));
      await page.getByRole('button', { name: 'Turn them on' }).click();
      await page.locator('#codes').waitFor();
    }),
    self!('codes-on', '/account/codes'), self!('codes-new', '/account/codes/recovery'), self!('codes-off', (page) => refused(page, '/account/codes/off', words)),
    nobody!('link-is-over', `/invite/${'0'.repeat(43)}`), { ...nobody!('invitation', invitation), picture: true }, nobody!('invitation-refused', (page) => refused(page, invitation, words)),
    nobody!('reset', reset), nobody!('reset-refused', (page) => refused(page, reset, words)), nobody!('signed-out', '/sign-in?said=signed-out'),
    nobody!('sign-in-refused', (page) => refused(page, '/sign-in', words)),
    { ...nobody!('sign-in-code', async (page) => {
      await page.goto('/sign-in');
      await page.getByLabel('E-mail').fill(codes.email);
      await page.getByLabel('Password').fill(PASSWORD);
      await page.locator('main').getByRole('button', { name: 'Sign in' }).click();
      await page.waitForURL('**/sign-in/code**');
    }), picture: true },
    nobody!('sign-in-code-refused', (page) => refused(page, '/sign-in/code', words)),
  ];
}
