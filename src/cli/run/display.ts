/** A run as it goes on: redrawn on a terminal, a line for each step elsewhere. */
import { clean } from '../output/clean.ts';
import type { Terminal } from '../output/terminal.ts';
import { duration } from '../output/time.ts';
import type { Run, Step } from '../resources.ts';

export interface Display {
  update(run: Run): void;
  /** Leaves what was shown last, and gives the cursor back. */
  end(): void;
}

/** @param what how people call what the run is about, e.g. `alpha` */
export async function openDisplay(terminal: Terminal, what: string): Promise<Display> {
  if (terminal.quiet) return { update: () => {}, end: () => {} };
  return terminal.live ? await liveDisplay(terminal, what) : lineDisplay(terminal, what);
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const BAR_WIDTH = 24;

async function liveDisplay(terminal: Terminal, what: string): Promise<Display> {
  const { createLogUpdate } = await import('log-update');
  const log = createLogUpdate(process.stderr);
  const began = Date.now();
  let run: Run | null = null;
  let frame = 0;
  const draw = () => {
    if (run) log(clean(drawRun(terminal, run, what, FRAMES[frame]!, began)));
    frame = (frame + 1) % FRAMES.length;
  };
  const timer = setInterval(draw, 100);
  return {
    update: (next) => {
      run = next;
      draw();
    },
    end: () => {
      clearInterval(timer);
      log.done();
    },
  };
}

function drawRun(terminal: Terminal, run: Run, what: string, frame: string, began: number): string {
  const full = Math.round(run.progress * BAR_WIDTH);
  const bar = terminal.paintNote('green', '█'.repeat(full)) + terminal.paintNote('dim', '░'.repeat(BAR_WIDTH - full));
  const percent = `${Math.floor(run.progress * 100)} %`.padStart(5);
  const head = `${run.type} ${what}  ${bar} ${percent}  ${duration(Date.now() - began)}`;
  const waiting = run.state === 'requested' ? [`  ${frame} waiting for the control worker`] : [];
  return [head, ...waiting, ...run.steps.map((step) => `  ${drawStep(terminal, step, frame)}`)].join('\n');
}

function drawStep(terminal: Terminal, step: Step, frame: string): string {
  const mark = { running: frame, completed: '✓', failed: '✗', cancelled: '-' }[step.state] ?? '·';
  const style = { running: 'cyan', completed: 'green', failed: 'red', cancelled: 'dim' } as const;
  const text = [step.name, stepTime(step), step.message].filter(Boolean).join('  ');
  return `${terminal.paintNote(style[step.state] ?? 'dim', mark)} ${text}`;
}

/** A line when the run is first seen, one for each change of a step, one at the end: for logs and CI. */
function lineDisplay(terminal: Terminal, what: string): Display {
  const shown = new Map<string, string>();
  let begun = false;
  let over = false;
  return {
    update: (run) => {
      if (!begun) terminal.note(`${run.type} ${what}: run ${run.id}`);
      begun = true;
      for (const step of run.steps) {
        // What is only running is not said: the next line says how it went.
        if (step.state === 'running' || shown.get(step.name) === step.state) continue;
        shown.set(step.name, step.state);
        terminal.note(`  ${[step.name, step.state, stepTime(step), step.message].filter(Boolean).join('  ')}`);
      }
      if (run.endedAt && !over) {
        over = true;
        terminal.note(`${run.type} ${what}: ${run.state}`);
      }
    },
    end: () => {},
  };
}

function stepTime(step: Step): string {
  const end = step.endedAt ? Date.parse(step.endedAt) : Date.now();
  return duration(Math.max(0, end - Date.parse(step.startedAt)));
}
