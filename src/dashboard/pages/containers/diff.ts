/** A unified diff as lines that a page can mark: a sign beside the colour says which side a line is of. Pure. */
export interface DiffLine {
  readonly kind: 'added' | 'removed' | 'hunk' | 'same';
  readonly sign: string;
  readonly text: string;
}

/** A page stays readable, and light: what is longer is told with `reeve container drift`. */
const MOST = 400;

export function linesOf(diff: string): readonly DiffLine[] {
  const lines = diff.split('\n').filter((line, at, all) => !(line === '' && at === all.length - 1) && !/^(---|\+\+\+|Index:|=====|\\ No newline)/.test(line));
  const shown = lines.slice(0, MOST).map(lineOf);
  return lines.length > MOST ? [...shown, { kind: 'hunk', sign: '…', text: `and ${lines.length - MOST} more lines` }] : shown;
}

function lineOf(line: string): DiffLine {
  if (line.startsWith('@@')) return { kind: 'hunk', sign: '', text: line };
  if (line.startsWith('+')) return { kind: 'added', sign: '+', text: line.slice(1) };
  if (line.startsWith('-')) return { kind: 'removed', sign: '−', text: line.slice(1) };
  return { kind: 'same', sign: '', text: line.replace(/^ /, '') };
}
