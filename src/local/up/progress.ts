import type { Report, Step } from '../setup/installed.ts';

const MARKS: Record<Step['state'], string> = { checking: '·', working: '…', done: '✓', skipped: '✓', failed: '✗' };

/**
 * Prints steps as they go on: on a terminal each keeps rewriting the last line, elsewhere a line for each state that
 * tells something new and at most one each five seconds while it works.
 */
export function printSteps(out: NodeJS.WriteStream = process.stdout): Report {
  let open = false;
  const lastLine = new Map<string, { state: Step['state']; at: number }>();
  return (step) => {
    const percent = step.progress === undefined ? '' : ` ${Math.round(step.progress * 100)} %`;
    const line = `${MARKS[step.state]} ${step.name.padEnd(12)} ${step.detail}${percent}`;
    const finished = step.state === 'done' || step.state === 'skipped' || step.state === 'failed';
    if (out.isTTY) {
      const width = (out.columns ?? 100) - 1;
      out.write(`${open ? '\r\x1b[2K' : ''}${finished ? `${line}\n` : line.slice(0, width)}`);
      open = !finished;
      return;
    }
    const before = lastLine.get(step.name);
    const now = Date.now();
    if (!finished && (step.state === 'checking' || (before?.state === step.state && now - before.at < 5_000))) return;
    lastLine.set(step.name, { state: step.state, at: now });
    out.write(`${line}\n`);
  };
}
