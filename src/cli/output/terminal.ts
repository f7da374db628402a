/** Where a command writes: results to stdout, all else (progress, notes, questions) to stderr, so that pipes stay clean. */
import { styleText } from 'node:util';
import { clean } from './clean.ts';

export type Style = Parameters<typeof styleText>[0];

export interface Terminal {
  /** Only the API's JSON goes to stdout. */
  readonly json: boolean;
  /** No notes and no progress. */
  readonly quiet: boolean;
  /** Whether a person watches, so that lines may be redrawn. */
  readonly live: boolean;
  /** Whether a person can be asked; no more once stdin was read to its end. */
  readonly askable: boolean;
  /** One line, or several, of the result. */
  print(text: string): void;
  printJson(value: unknown): void;
  /** For the person beside the result; nothing when quiet. */
  note(text: string): void;
  /** Coloured where stdout shows colours (a terminal, no NO_COLOR). */
  paint(style: Style, text: string): string;
  /** The same for what goes to stderr. */
  paintNote(style: Style, text: string): string;
}

/** The terminal of this process. */
export function openTerminal(options: { json?: boolean; quiet?: boolean }): Terminal {
  const quiet = options.quiet === true;
  return {
    json: options.json === true,
    quiet,
    // A terminal without a size (some CI systems) cannot be redrawn.
    live: process.stderr.isTTY === true && process.stderr.columns > 0 && process.env.TERM !== 'dumb' && !quiet,
    get askable() {
      return process.stdin.isTTY === true && !process.stdin.readableEnded && process.stderr.isTTY === true;
    },
    print: (text) => void process.stdout.write(`${clean(text)}\n`),
    printJson: (value) => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    note: (text) => {
      if (!quiet) process.stderr.write(`${clean(text)}\n`);
    },
    paint: (style, text) => styleText(style, text, { stream: process.stdout }),
    paintNote: (style, text) => styleText(style, text, { stream: process.stderr }),
  };
}

/** A reader that went away (`reeve site list | head -1`) is no failure. For commands that end by themselves, before they write. */
export function toleratePipes(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}
