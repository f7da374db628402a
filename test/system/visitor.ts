/** A person's browser at one site: keeps cookies, follows redirects within the site, fills in forms. */
import assert from 'node:assert/strict';
import { type Page, type Platform, visit } from './platform.ts';

export class Visitor {
  readonly #platform: Platform;
  readonly #hostname: string;
  readonly #cookies = new Map<string, string>();

  constructor(platform: Platform, hostname: string) {
    this.#platform = platform;
    this.#hostname = hostname;
  }

  get cookies(): ReadonlyMap<string, string> {
    return this.#cookies;
  }

  async get(path: string): Promise<Page> {
    return await this.#send(path, { method: 'GET' });
  }

  /** Post a form as a browser does: with the token of Django's form protection, the referrer and the origin. */
  async post(path: string, fields: Record<string, string | { filename: string; type: string; content: Buffer }>): Promise<Page> {
    const origin = `http://${this.#hostname}:${new URL(this.#platform.access.edge).port}`;
    const form = new FormData();
    form.set('csrfmiddlewaretoken', this.#cookies.get('csrftoken') ?? '');
    for (const [name, value] of Object.entries(fields)) {
      if (typeof value === 'string') form.set(name, value);
      else form.set(name, new Blob([new Uint8Array(value.content)], { type: value.type }), value.filename);
    }
    const encoded = new Response(form);
    return await this.#send(path, {
      method: 'POST', body: Buffer.from(await encoded.arrayBuffer()),
      headers: { 'content-type': encoded.headers.get('content-type')!, origin, referer: `${origin}${path}` },
    });
  }

  async #send(path: string, options: Parameters<typeof visit>[3] & object): Promise<Page> {
    let page = await this.#once(path, options);
    for (let hops = 0; [301, 302, 303].includes(page.status) && hops < 5; hops += 1) {
      const to = new URL(page.headers.location as string, `http://${this.#hostname}`);
      assert.equal(to.hostname, this.#hostname, `a redirect to ${to.href}`);
      page = await this.#once(to.pathname + to.search, { method: 'GET' });
    }
    return page;
  }

  async #once(path: string, options: Parameters<typeof visit>[3] & object): Promise<Page> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const page = await visit(this.#platform, this.#hostname, path, {
      ...options, headers: { ...options.headers, ...(cookie ? { cookie } : {}) },
    });
    for (const line of [page.headers['set-cookie'] ?? []].flat()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      this.#cookies.set(name!, value!);
    }
    return page;
  }
}

/** Values of all fields of the page's forms, as a browser would send them back unchanged. */
export function fieldsOf(html: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [tag] of html.matchAll(/<(input|textarea|select)\b[^>]*>/g)) {
    const name = /\bname="([^"]*)"/.exec(tag)?.[1];
    const type = /\btype="([^"]*)"/.exec(tag)?.[1] ?? '';
    if (!name || ['submit', 'button', 'file'].includes(type)) continue;
    if ((type === 'checkbox' || type === 'radio') && !/\bchecked\b/.test(tag)) continue;
    fields[name] = unescaped(/\bvalue="([^"]*)"/.exec(tag)?.[1] ?? '');
  }
  for (const [, name, text] of html.matchAll(/<textarea\b[^>]*\bname="([^"]*)"[^>]*>([\s\S]*?)<\/textarea>/g)) {
    fields[name!] = unescaped(text!.replace(/^\r?\n/, ''));
  }
  return fields;
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#x27': "'", '#39': "'" };
const unescaped = (text: string) => text.replace(/&(amp|lt|gt|quot|#x27|#39);/g, (_, name: string) => ENTITIES[name]!);
