/** Of a platform that is new: its first pages, lists with nothing in them, and ways in that an older one has no more. */
import { startApi, type TestApi } from '../../api/harness.ts';
import { person, type TestPerson } from '../../api/people.ts';
import { seenBy, type State } from './state.ts';

export interface Empty {
  /** Nobody has come yet. */
  readonly fresh: TestApi;
  /** An owner, and nothing else. Somebody signs in elsewhere here, or gets letters. */
  readonly bare: TestApi;
  readonly owner: TestPerson;
  close(): Promise<void>;
}

const ELSEWHERE = { name: 'Garden Club', issuer: 'https://login.example.org', begin: () => Promise.reject(new Error('nobody asks')), finish: () => Promise.reject(new Error('nobody asks')) };

export async function startEmpty(): Promise<Empty> {
  const opened: TestApi[] = [];
  const close = async () => void (await Promise.all(opened.map((api) => api.close())));
  try {
    opened.push(await startApi());
    opened.push(await startApi({ oidc: ELSEWHERE }));
    const [fresh, bare] = opened as [TestApi, TestApi];
    return { fresh, bare, owner: await person(bare, 'Maria', [{ role: 'owner' }]), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What is there once only: each can be shown once. */
export function statesOfNew({ fresh, bare, owner }: Empty, words: string): State[] {
  const [first, inside, outside] = [seenBy(fresh.url, null), seenBy(bare.url, owner), seenBy(bare.url, null)];
  const lists = ['/sites', '/runs', '/incidents', '/approvals', '/containers', '/events', '/people/teams', '/people/grants', '/people/tokens', '/account/tokens', '/settings/alerts'];
  return [
    { ...first('first-owner', '/first-owner'), picture: true }, first('first-owner-asked', `/first-owner?ticket=${encodeURIComponent(words)}`),
    { ...inside('first-run', '/'), picture: true }, ...lists.map((path) => inside(`empty ${path}`, path)),
    outside('sign-in-elsewhere', '/sign-in'), outside('no-letters', '/reset'),
    inside('paused', async (page) => {
      await page.goto('/settings');
      await page.getByRole('button', { name: 'Pause' }).click();
      await page.getByRole('button', { name: 'Resume' }).waitFor();
    }),
  ];
}
