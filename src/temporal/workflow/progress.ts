import { setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { type RunType, STEPS } from '../../domain/run.ts';

export type StepState = 'running' | 'completed' | 'failed' | 'cancelled';

export interface Progress {
  readonly type: string;
  readonly steps: readonly { readonly name: string; readonly state: StepState | 'waiting'; readonly message?: string }[];
}

const MARKS = { waiting: '·', running: '▸', completed: '✓', failed: '✗', cancelled: '–' } as const;

// The module is loaded anew for each workflow, so this is of one run. Insertion order is the order of things.
const seen = new Map<string, { state: StepState; message?: string }>();

/** Note how a step stands, and show it in the Temporal UI. */
export function note(step: string, state: StepState, message?: string): void {
  seen.set(step, message === undefined ? { state } : { state, message });
  setCurrentDetails(markdown(progress()));
}

/** The planned steps in their order, then what came besides: undoing. */
export function progress(): Progress {
  const type = workflowInfo().workflowType;
  const planned = STEPS[type as RunType] ?? [];
  const names = [...planned, ...[...seen.keys()].filter((name) => !planned.includes(name))];
  return { type, steps: names.map((name) => ({ name, ...(seen.get(name) ?? { state: 'waiting' as const }) })) };
}

function markdown({ steps }: Progress): string {
  return steps.map(({ name, state, message }) =>
    `- ${MARKS[state]} ${name}${message ? `: ${message.replace(/[`*_<>[\]]/g, '').slice(0, 300)}` : ''}`).join('\n');
}
