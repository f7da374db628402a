import { addGrant } from '../../../src/database/grants.ts';
import { createRole } from '../../../src/database/roles.ts';
import { addMember, createTeam } from '../../../src/database/teams.ts';
import { createToken } from '../../../src/database/tokens.ts';
import { createUser } from '../../../src/database/users.ts';
import type { TestApi } from '../../api/harness.ts';
import { person, type TestPerson } from '../../api/people.ts';

export interface People {
  readonly owner: TestPerson;
  readonly operator: TestPerson;
  readonly editor: TestPerson;
  readonly viewer: TestPerson;
  /** Of one site, and of nothing yet. */
  readonly siteOwner: TestPerson;
  /** Ids; a role has a name. */
  readonly team: string;
  readonly token: string;
  readonly role: string;
}

/** An owner, an operator, a viewer, an editor and an owner of nothing yet; a team, somebody invited, somebody disabled, a role of their own making, a token of a pipeline. */
export async function makePeople(api: TestApi): Promise<People> {
  const { pool } = api.database;
  const owner = await person(api, 'Maria', [{ role: 'owner' }]);
  const operator = await person(api, 'Jonas', [{ role: 'operator', reason: 'on call' }]);
  const [editor, siteOwner] = [await person(api, 'Aylin'), await person(api, 'Paula')];
  const viewer = await person(api, 'Ines', [{ role: 'viewer' }]);
  const actor = { kind: 'user', id: owner.id, name: 'Maria' } as const;
  const team = await createTeam(pool, 'Newsroom', actor);
  await addMember(pool, team, editor.id, actor);
  await addGrant(pool, { team, role: 'viewer', actor });
  await createUser(pool, { email: 'sven@example.org', name: 'Sven', state: 'invited', actor });
  await createUser(pool, { email: 'former@example.org', name: 'Kim', state: 'disabled', actor });
  const role = 'curator';
  await createRole(pool, { name: role, description: 'Reads logs and answers incidents', actions: ['site:read', 'site:logs', 'incident:read', 'incident:acknowledge'], actor });
  const { row } = await createToken(pool, { name: 'deploy pipeline', role: 'operator', actor });
  return { owner, operator, editor, viewer, siteOwner, team, token: row.id, role };
}
