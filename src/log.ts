/** `at`, `level` and `message` are the line’s own. */
export type Fields = Readonly<Record<string, unknown>> & { readonly at?: never; readonly level?: never; readonly message?: never };

/**
 * One JSON line to stderr: a constant message, what varies as fields; never a token, a secret or a body. State is logged
 * when it changes, with what it was.
 */
export interface Log {
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  with(fields: Fields): Log;
}

export function createLog(common: Fields = {}, write: (line: string) => void = (line) => process.stderr.write(line)): Log {
  const line = (level: string) => (message: string, fields: Fields = {}) =>
    write(`${JSON.stringify({ at: new Date().toISOString(), level, message, ...common, ...fields })}\n`);
  return { info: line('info'), warn: line('warn'), error: line('error'), with: (more) => createLog({ ...common, ...more }, write) };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
