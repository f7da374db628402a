import assert from 'node:assert/strict';
import { addGrant } from '../../../src/database/grants.ts';
import { newId } from '../../../src/database/new-id.ts';
import { commitChange } from '../../../src/database/change.ts';
import type { TestApi } from '../../api/harness.ts';
import type { Control } from './control.ts';
import type { People } from './people.ts';

export interface Sites {
  /** The one that is looked at. */
  readonly garden: string;
  /** One whose configuration a container refuses. */
  readonly museum: string;
  /** One that fails everywhere. */
  readonly bakery: string;
  /** Suspended, deleted, and still being made. */
  readonly archive: string;
  readonly history: string;
  readonly swimming: string;
}

const NAMES = ['archive', 'bakery', 'choir', 'city-library', 'cycling', 'dance-school', 'fire-brigade', 'garden', 'history', 'museum', 'orchestra', 'town-hall'];

/** Sites with hostnames of their own, settings and people; one that is suspended, one deleted, one still being made. */
export async function makeSites(api: TestApi, { owner, operator, editor, siteOwner }: People, control: Control): Promise<Sites> {
  const asked = async (who: Pick<TestApi, 'send'>, method: string, path: string, body?: unknown) => {
    const answer = await who.send(method, path, { body, headers: method === 'PATCH' || method === 'DELETE' ? { 'if-match': '*' } : {} });
    assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    await control.idle();
    return answer.body;
  };
  const ids = new Map<string, string>();
  for (const name of NAMES) ids.set(name, (await asked(owner, 'POST', '/sites', { name, ...(name === 'garden' ? { owner: 'Garden Club, Elm Street' } : {}) })).id);
  await asked(operator, 'POST', '/sites/garden/hostnames', { hostname: 'www.garden-club.org', role: 'primary' });
  await asked(operator, 'POST', '/sites/garden/hostnames', { hostname: 'garden-club.org', role: 'redirect' });
  await asked(operator, 'POST', '/sites/town-hall/hostnames', { hostname: 'rathaus.example.org', role: 'primary' });
  await asked(owner, 'PATCH', '/sites/garden', { settings: { processes: 2, threads: 4 } });
  await asked(owner, 'PUT', '/sites/garden/env', { EMAIL_HOST: 'mail.example.org', PAYMENT_KEY: 'secret' });
  await asked(operator, 'POST', '/sites/archive/suspend');
  await asked(operator, 'DELETE', '/sites/history');
  await addGrant(api.database.pool, {
    user: editor.id, role: 'editor', site: ids.get('garden')!, endsAt: new Date(Date.now() + 4 * 86_400_000), reason: 'the spring festival', actor: { kind: 'user', id: owner.id, name: 'Maria' },
  });
  await addGrant(api.database.pool, { user: siteOwner.id, role: 'owner', site: ids.get('garden')!, actor: { kind: 'user', id: owner.id, name: 'Maria' } });
  const { rows: [release] } = await api.database.pool.query<{ id: string }>('select id from release');
  await commitChange(api.database.pool, {
    actor: { kind: 'user', id: owner.id, name: 'Maria' }, type: 'release.preparing', metadata: {},
    writes: [
      { table: 'release', op: 'update', key: { id: release!.id }, values: { digest: '9f31c07ae5d2' } },
      { table: 'database_server', op: 'update', key: { id: 'local' }, values: { max_connections: 400 } },
      { table: 'release', op: 'insert', values: { id: newId('r'), codebase: 'example', source: '/srv/example-2', phase: 'preparing', database_server: 'local' } },
    ],
  });
  control.hold();
  const { id: swimming } = await asked(owner, 'POST', '/sites', { name: 'swimming' });
  const [garden, museum, bakery, archive, history] = (['garden', 'museum', 'bakery', 'archive', 'history'] as const).map((name) => ids.get(name)!);
  return { garden: garden!, museum: museum!, bakery: bakery!, archive: archive!, history: history!, swimming };
}
