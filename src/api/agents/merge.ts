/** Several containers' lines as one stream, by time. */

export interface TimedLine {
  readonly at?: string;
  readonly [field: string]: unknown;
}

/**
 * Sources that end, each in order of time: the earliest line of all, again and again. A line without a time of its own
 * stays behind the one before it.
 */
export async function* mergeByTime<Line extends TimedLine>(sources: readonly AsyncIterator<Line>[]): AsyncGenerator<Line, void, undefined> {
  const heads = await Promise.all(sources.map(async (source) => ({ source, next: await source.next(), time: '' })));
  for (;;) {
    let first: (typeof heads)[number] | undefined;
    for (const head of heads) {
      if (head.next.done) continue;
      head.time = timeOf(head.next.value) ?? head.time;
      if (first === undefined || head.time < first.time) first = head;
    }
    if (first === undefined) return;
    yield first.next.value as Line;
    first.next = await first.source.next();
  }
}

/**
 * Sources that go on: what comes within a short while of each other is put in order. Waiting for every source, as
 * above, would hold a busy container's lines until a quiet one says something.
 */
export async function followByTime<Line extends TimedLine>(
  sources: readonly AsyncIterable<Line>[], emit: (line: Line) => void, signal: AbortSignal, windowMs = 250,
): Promise<void> {
  let held: { line: Line; time: string }[] = [];
  const flush = () => {
    const due = held.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
    held = [];
    for (const { line } of due) emit(line);
  };
  const timer = setInterval(flush, windowMs);
  try {
    await Promise.all(sources.map(async (source) => {
      let time = '';
      for await (const line of source) {
        if (signal.aborted) return;
        time = timeOf(line) ?? time;
        held.push({ line, time });
      }
    }));
  } finally {
    clearInterval(timer);
    flush();
  }
}

/** In one form, so that texts compare as times do. */
function timeOf(line: TimedLine): string | null {
  const ms = line.at === undefined ? Number.NaN : Date.parse(line.at);
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}
