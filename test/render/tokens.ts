/** What nginx reads: a tokenizer after its ngx_conf_read_token, for asking whether data changed the structure. */
export interface Statement {
  readonly words: readonly string[];
  /** Null for a statement that ends with a semicolon. */
  readonly block: readonly Statement[] | null;
}

/** @throws when the text is not what nginx could read */
export function parseNginx(text: string): Statement[] {
  let at = 0;

  function word(): string {
    const quote = text[at] === '"' || text[at] === "'" ? text[at++] : null;
    let value = '';
    for (;;) {
      const c = text[at];
      if (c === undefined) throw new Error('the text ends inside a word');
      if (c === '\\') {
        value += text.slice(at, at + 2);
        at += 2;
        continue;
      }
      if (quote ? c === quote : /[\s;{]/.test(c) && !(c === '{' && text[at - 1] === '$')) break;
      value += c;
      at++;
    }
    if (quote) {
      at++;
      if (text[at] !== undefined && !/[\s;{)]/.test(text[at]!)) throw new Error(`after a quoted word comes ${JSON.stringify(text[at])}`);
    }
    return value;
  }

  function statements(inner: boolean): Statement[] {
    const found: Statement[] = [];
    let words: string[] = [];
    for (;;) {
      const c = text[at];
      if (c === undefined) {
        if (inner || words.length > 0) throw new Error('the text ends inside a statement');
        return found;
      }
      if (/\s/.test(c)) at++;
      else if (c === '#') while (text[at] !== undefined && text[at] !== '\n') at++;
      else if (c === ';') {
        at++;
        found.push({ words, block: null });
        words = [];
      } else if (c === '{') {
        at++;
        found.push({ words, block: statements(true) });
        words = [];
      } else if (c === '}') {
        if (!inner || words.length > 0) throw new Error('a } where none may be');
        at++;
        return found;
      } else words.push(word());
    }
  }

  return statements(false);
}

/** The directives with their number of words, and nothing that comes from data. */
export function skeleton(statements: readonly Statement[]): unknown {
  return statements.map(({ words, block }) => [words[0], words.length, block && skeleton(block)]);
}
