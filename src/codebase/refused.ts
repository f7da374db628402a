/** What was being tried when a codebase was refused. */
export type CodebaseStep =
  | 'read'
  | 'copy'
  | 'python'
  | 'requirements'
  | 'import'
  | 'check'
  | 'collectStatic'
  | 'migrate'
  | 'created'
  | 'primaryChanged'
  | 'health';

const WHAT: Record<CodebaseStep, string> = {
  read: 'its codebase.json cannot be used',
  copy: 'its files cannot be copied',
  python: 'it needs another Python',
  requirements: 'its requirements cannot be installed',
  import: 'its WSGI application cannot be imported',
  check: 'Django finds errors in it',
  collectStatic: 'its static files cannot be collected',
  migrate: 'its migrations fail',
  created: 'its `created` hook fails',
  primaryChanged: 'its `primaryChanged` hook fails',
  health: 'its health path does not answer as it should',
};

/**
 * A codebase cannot be hosted as it is. The fault is the codebase's, so trying again without a change is of no use;
 * `lastLines` are the tool's own, with the site's secrets taken out.
 */
export class CodebaseRefused extends Error {
  override readonly name = 'CodebaseRefused';
  readonly step: CodebaseStep;
  readonly lastLines: readonly string[];

  constructor(step: CodebaseStep, lastLines: readonly string[], options?: ErrorOptions) {
    super([`The codebase is refused: ${WHAT[step]}.`, ...lastLines].join('\n'), options);
    this.step = step;
    this.lastLines = lastLines;
  }
}

/** The last lines of what a tool said, out of whatever it threw. */
export function linesOf(error: unknown, most = 40): string[] {
  const fields = error as { lastLines?: unknown; tail?: unknown; stderr?: unknown; message?: unknown } | null;
  if (Array.isArray(fields?.lastLines) && fields.lastLines.length > 0) return fields.lastLines.map(String).slice(-most);
  // A tool's error says first what to do, and carries apart what the tool itself said.
  const said = [fields?.tail, fields?.stderr].find((text) => typeof text === 'string' && text !== '');
  return [fields?.message, said]
    .filter((text) => typeof text === 'string')
    .join('\n')
    .trimEnd()
    .split(/\r?\n/)
    .slice(-most);
}
