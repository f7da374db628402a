/** Boxes to tick, one for each action, by what it is done to. */
import { ALL_ACTIONS, type Action } from '../domain/permission.ts';
import type { Fields } from './form.ts';

/** A field is numbered, not named after its action: what is named after tokens or codes is never carried back. */
const PREFIX = 'may.';

/**
 * @param ticked those that are, before anybody touches them
 * @param refused the values of a form that came back, which count instead
 */
export function actionBoxes(ticked: readonly string[], refused?: Fields, actions: readonly Action[] = ALL_ACTIONS) {
  const groups = new Map<string, { name: string; action: Action; verb: string; ticked: boolean }[]>();
  for (const [at, action] of actions.entries()) {
    const [resource, verb] = action.split(':') as [string, string];
    const name = PREFIX + at;
    const group = groups.get(resource) ?? [];
    groups.set(resource, group);
    group.push({ name, action, verb, ticked: refused ? Object.hasOwn(refused, name) : ticked.includes(action) });
  }
  return [...groups].map(([resource, boxes]) => ({ resource, boxes }));
}

/** The actions that were ticked. */
export const actionsIn = (form: Fields): string[] => Object.entries(form).filter(([name]) => name.startsWith(PREFIX)).map(([, action]) => action);
