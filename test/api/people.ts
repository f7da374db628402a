/** People for tests: each with a session, as a browser has it. */
import { addGrant, type NewGrant } from '../../src/database/grants.ts';
import { createSession } from '../../src/database/sessions.ts';
import { createUser, type UserState } from '../../src/database/users.ts';
import { csrfToken } from '../../src/domain/secrets.ts';
import { SYSTEM, type Answer, type Sending, type TestApi } from './harness.ts';

export interface TestPerson {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly session: string;
  /** `reeve_session=…` */
  readonly cookie: string;
  readonly csrf: string;
  /** As a page of theirs does: with the cookie, and the CSRF token where something changes. */
  send(method: string, path: string, sending?: Sending): Promise<Answer>;
}

type Given = Omit<NewGrant, 'user' | 'team' | 'actor'>;

/** Somebody with these grants, signed in. */
export async function person(api: TestApi, name: string, grants: readonly Given[] = [], state: UserState = 'active'): Promise<TestPerson> {
  const { pool } = api.database;
  const email = `${name.toLowerCase()}@example.org`;
  const id = await createUser(pool, { email, name, state, actor: SYSTEM });
  for (const grant of grants) await addGrant(pool, { ...grant, user: id, actor: SYSTEM });
  const session = await createSession(pool, { user: id, name, address: '127.0.0.1', agent: 'test', secure: false });
  const cookie = session.cookie.split(';')[0]!;
  const csrf = csrfToken(api.peopleKey, session.id);
  return {
    id, name, email, session: session.id, cookie, csrf,
    send: (method, path, { headers = {}, ...sending } = {}) =>
      api.send(method, path, { ...sending, token: null, headers: { cookie, ...(method === 'GET' ? {} : { 'x-reeve-csrf': csrf }), ...headers } }),
  };
}
