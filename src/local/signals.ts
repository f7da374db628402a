/**
 * Aborted by the first SIGINT, SIGTERM or SIGHUP: whatever waits ends with it. Later ones change nothing, since Ctrl-C
 * comes twice: from the terminal, and once more from npm, which sends it on.
 */
export function askedToStop(): AbortSignal {
  const asked = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => asked.abort());
  return asked.signal;
}
