/** What a browser does, without one: cookies by origin and path, redirects followed one by one, forms sent as they stand in the page. */

export interface Visit {
  readonly status: number;
  readonly url: string;
  readonly text: string;
  readonly headers: Headers;
}

export interface Browser {
  /** Follow redirects to their end, or to the first address that `until` matches, which is not asked for. */
  open(url: string, until?: RegExp): Promise<Visit>;
  /** The form of the page with that action, its hidden fields as they are, and these beside. Unfollowed with `until` as above. */
  send(page: Visit, action: string, fields?: Readonly<Record<string, string>>, until?: RegExp): Promise<Visit>;
  /** The request itself, nothing followed. */
  ask(url: string, init?: RequestInit): Promise<Visit>;
  cookie(url: string, name: string): string | undefined;
  setCookie(url: string, name: string, value: string): void;
}

const MOST_REDIRECTS = 12;

export function browser(): Browser {
  const jars = new Map<string, Map<string, { value: string; path: string }>>();
  const jarOf = (url: string) => {
    const { origin } = new URL(url);
    if (!jars.has(origin)) jars.set(origin, new Map());
    return jars.get(origin)!;
  };
  const ask = async (url: string, init: RequestInit = {}): Promise<Visit> => {
    const jar = jarOf(url);
    const { pathname, origin } = new URL(url);
    const sent = [...jar].filter(([, { path }]) => pathname.startsWith(path)).map(([name, { value }]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, {
      redirect: 'manual', ...init,
      headers: { accept: 'text/html', 'sec-fetch-site': 'same-origin', origin, ...(sent ? { cookie: sent } : {}), ...(init.headers as Record<string, string> | undefined) },
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      const gone = value === '' || /max-age=0\b/i.test(line) || /expires=Thu, 01 Jan 1970/i.test(line);
      if (gone) jar.delete(name!);
      else jar.set(name!, { value: value!, path: /path=([^;]+)/i.exec(line)?.[1] ?? '/' });
    }
    return { status: answer.status, url, text: await answer.text(), headers: answer.headers };
  };
  const follow = async (first: Visit, until?: RegExp): Promise<Visit> => {
    let visit = first;
    for (let i = 0; i < MOST_REDIRECTS && visit.status >= 300 && visit.status < 400; i++) {
      const next = new URL(visit.headers.get('location')!, visit.url).href;
      if (until?.test(next)) return { ...visit, url: next };
      visit = await ask(next);
    }
    return visit;
  };
  return {
    ask,
    open: async (url, until) => await follow(await ask(url), until),
    async send(page, action, fields = {}, until) {
      const form = formsOf(page.text).find((each) => each.action === action);
      if (!form) throw new Error(`${page.url} (${page.status}) has no form to ${action}: ${formsOf(page.text).map((each) => each.action).join(', ') || page.text.slice(0, 300)}`);
      const body = new URLSearchParams({ ...form.hidden, ...fields }).toString();
      return await follow(await ask(new URL(action, page.url).href, {
        method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }), until);
    },
    cookie: (url, name) => jarOf(url).get(name)?.value,
    setCookie: (url, name, value) => void jarOf(url).set(name, { value, path: '/' }),
  };
}

function formsOf(html: string): { action: string; hidden: Record<string, string> }[] {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(([, attributes, inside]) => ({
    action: plain(/\baction="([^"]*)"/.exec(attributes!)?.[1] ?? ''),
    hidden: Object.fromEntries([...inside!.matchAll(/<input\b[^>]*type="hidden"[^>]*>/g)].map(([tag]) =>
      [plain(/\bname="([^"]*)"/.exec(tag!)![1]!), plain(/\bvalue="([^"]*)"/.exec(tag!)?.[1] ?? '')])),
  }));
}

const plain = (text: string): string => text.replace(/&(amp|lt|gt|quot|#x27|#39|#x3D|#x60);/g, (_, name: string) =>
  ({ amp: '&', lt: '<', gt: '>', quot: '"', '#x27': "'", '#39': "'", '#x3D': '=', '#x60': '`' })[name]!);
