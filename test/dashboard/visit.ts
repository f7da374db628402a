/** Pages as a browser asks for them: with a session's cookie, and forms with what the page put into them. */
import type { TestPerson } from '../api/people.ts';
import type { TestApi } from '../api/harness.ts';

export interface Visit {
  readonly status: number;
  readonly html: string;
  readonly headers: Headers;
  readonly location: string | null;
}

export async function visit(api: TestApi, path: string, who: TestPerson | null, headers: Record<string, string> = {}): Promise<Visit> {
  return await answerOf(await fetch(api.url + path, {
    redirect: 'manual', headers: { accept: 'text/html', ...(who ? { cookie: who.cookie } : {}), ...headers },
  }));
}

/** Send a form of a page that was seen: its hidden fields, and these. */
export async function submit(api: TestApi, path: string, who: TestPerson | null, page: Pick<Visit, 'html'> | null, fields: Record<string, string>): Promise<Visit> {
  const body = new URLSearchParams({ ...(page ? hiddenOf(page.html) : {}), ...fields });
  return await answerOf(await fetch(api.url + path, {
    method: 'POST', redirect: 'manual', body, headers: { accept: 'text/html', ...(who ? { cookie: who.cookie } : {}) },
  }));
}

/** The hidden fields of the first form in the contents of the page. */
export function hiddenOf(html: string): Record<string, string> {
  const main = html.slice(html.indexOf('<main'));
  const form = /<form method="post"[\s\S]*?<\/form>/.exec(main)?.[0] ?? '';
  return Object.fromEntries([...form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)].map(([, name, value]) => [name!, value!]));
}

async function answerOf(answer: Response): Promise<Visit> {
  return { status: answer.status, html: await answer.text(), headers: answer.headers, location: answer.headers.get('location') };
}
