import type { RunState, RunType } from '../run.ts';
import type { RunLink } from './common.ts';

/** Where the API's resources are, in one place. */
export const API = '/api/v1';

export const hrefOf = {
  run: (id: string) => `${API}/runs/${id}`,
  approval: (id: string) => `${API}/approvals/${id}`,
} as const;

export interface RunRef {
  readonly id: string;
  readonly type: RunType;
  readonly state: RunState;
}

/** A run as it stands inside another resource. */
export function runLink({ id, type, state }: RunRef): RunLink {
  return { id, type, state, href: hrefOf.run(id) };
}
