import type { Style } from '../output/terminal.ts';
import { shownUrl } from '../../domain/resources/platform.ts';
import type { Change, Plan, Step } from './model.ts';

export interface Line {
  readonly sign: '+' | '~' | '-';
  readonly style: Style;
  readonly text: string;
}

/** A step as a line of the diff. */
export function drawStep(step: Step): Line {
  switch (step.kind) {
    case 'changeSettings': return changed(`settings: ${draw(step.changes)}`);
    case 'createSite': {
      const settings = Object.entries(step.settings).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
      return added([`site ${step.site}`, step.release && `on ${step.release}`, step.owner && `of ${step.owner}`, step.store && `store ${step.store}`, ...settings,
        step.env && `env ${step.env.join(', ')}`].filter(Boolean).join(', '));
    }
    case 'restoreSite': return added(`site ${step.site}: restored`);
    case 'changeSite': return changed(`site ${step.site}: ${draw(step.changes)}`);
    case 'setEnv': return changed(`site ${step.site}: env ${step.names.join(', ')}`);
    case 'upgradeSite': return changed(`site ${step.site}: release ${step.from ?? 'none'} → ${step.release}`);
    case 'suspendSite': return changed(`site ${step.site}: suspended`);
    case 'resumeSite': return changed(`site ${step.site}: resumed`);
    case 'bindHostname': return added(`hostname ${step.hostname} (${step.role} of ${step.site})`);
    case 'changeHostname': return changed(`hostname ${step.hostname}: ${draw(step.changes)}`);
    case 'unbindHostname': return removed(`hostname ${step.hostname} (of ${step.site})`);
    case 'deleteSite': return removed(`site ${step.site}`);
  }
}

/** The plan as it may be printed. */
export function shownPlan({ steps, problems }: Plan): Plan {
  return { problems, steps: steps.map((step) => ('changes' in step ? { ...step, changes: step.changes.map(withoutPassword) } : step)) };
}

function withoutPassword(change: Change): Change {
  return change.path === 'cacheUrl' && typeof change.to === 'string' ? { ...change, to: shownUrl(change.to) } : change;
}

/** Whether the step takes something away that visitors see. */
export function isDestructive(step: Step): boolean {
  return step.kind === 'deleteSite' || step.kind === 'unbindHostname';
}

const added = (text: string): Line => ({ sign: '+', style: 'green', text });
const changed = (text: string): Line => ({ sign: '~', style: 'yellow', text });
const removed = (text: string): Line => ({ sign: '-', style: 'red', text });

function draw(changes: readonly Change[]): string {
  return changes.map(withoutPassword).map(({ path, from, to }) => `${path} ${show(from)} → ${show(to)}`).join(', ');
}

function show(value: unknown): string {
  return value === undefined || value === null ? 'none' : typeof value === 'string' ? value : JSON.stringify(value);
}
