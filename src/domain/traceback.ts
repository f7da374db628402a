/** The last Python traceback in a log. Pure. */

/** Longer ones lose their middle: how it began and where it ended tell most. */
const MOST_LINES = 40;
const LONGEST_LINE = 400;
const BEGINS = /Traceback \(most recent call last\):\s*$/;

/** From its first line to the exception's own, with what is indented below that; null where there is none. */
export function lastTraceback(log: string): string | null {
  const lines = log.split('\n');
  const first = lines.findLastIndex((line) => BEGINS.test(line));
  if (first < 0) return null;
  const isFrame = (line: string) => /^\s/.test(line);
  let end = first + 1;
  while (end < lines.length && isFrame(lines[end]!)) end += 1;
  // A log that ends here was cut: the exception's line is still being written.
  if (end >= lines.length || lines[end] === '') return null;
  end += 1;
  while (end < lines.length && isFrame(lines[end]!)) end += 1;
  return shortened(['Traceback (most recent call last):', ...lines.slice(first + 1, end)]).join('\n');
}

function shortened(lines: readonly string[]): string[] {
  const cut = lines.map((line) => line.slice(0, LONGEST_LINE).trimEnd());
  if (cut.length <= MOST_LINES) return cut;
  const kept = MOST_LINES - 6;
  return [...cut.slice(0, 5), `  … ${cut.length - kept - 5} lines …`, ...cut.slice(-kept)];
}
