/** Bytes of a stream into its items. */

export interface ServerSentEvent {
  readonly id: string;
  readonly event: string;
  /** JSON where it is JSON, as all of ours is. */
  readonly data: unknown;
}

export async function readText(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of bytes) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

/** Lines without their ends; a last line without one counts too. */
async function* readLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of bytes) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split(/\r?\n/);
    rest = lines.pop()!;
    yield* lines;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

/** Each line's JSON; empty lines, which keep a quiet connection open, are passed over. */
export async function* readJsonLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<unknown, void, undefined> {
  for await (const line of readLines(bytes)) {
    if (line.trim() !== '') yield JSON.parse(line);
  }
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html, as far as it is used here: comments are heartbeats. */
export async function* readServerSentEvents(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent, void, undefined> {
  let id = '';
  let event = 'message';
  let data: string[] = [];
  for await (const line of readLines(bytes)) {
    if (line === '') {
      if (data.length > 0) yield { id, event, data: parsed(data.join('\n')) };
      event = 'message';
      data = [];
      continue;
    }
    const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line)!;
    if (field === 'id') id = value!;
    else if (field === 'event') event = value!;
    else if (field === 'data') data.push(value!);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
