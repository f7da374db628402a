/** What can be done to a container, and what each does, in words: said before it is done. Pure. */
import type { Action } from '../../../domain/permission.ts';
import type { Container } from '../../../domain/resources/container.ts';

export interface ContainerAct {
  readonly verb: 'regenerate' | 'replace' | 'drain';
  readonly action: Action;
  readonly title: string;
  readonly short: string;
  readonly will: readonly string[];
  readonly button: string;
  readonly symbol: string;
  /** It cannot simply be taken back: the container's id is asked for. */
  readonly danger: boolean;
}

const ACTS: readonly ContainerAct[] = [
  {
    verb: 'regenerate', action: 'container:regenerate', title: 'Regenerate', symbol: 'again', danger: false, button: 'Regenerate its files',
    short: 'Make its files anew from the newest state, and prove them.',
    will: ['It reads the newest state, and compares every file with it.', 'What differs is written anew; nginx reloads only if it must.', 'No request is lost, and nothing that is as it should be is touched.'],
  },
  {
    verb: 'replace', action: 'container:replace', title: 'Replace', symbol: 'container', danger: true, button: 'Replace this container',
    short: 'Launch another one in its place, and end it once that one serves.',
    will: ['Another container is launched first; the edge takes it once it has converged and probes well.', 'Then the edge sends this one nothing more, it finishes what it has, and ends.', 'If the new one does not come up, this one stays as it is.'],
  },
  {
    verb: 'drain', action: 'container:drain', title: 'Drain', symbol: 'leave', danger: true, button: 'Drain and end it',
    short: 'Send it no more visitors, let it finish, and end it. Nothing takes its place.',
    will: ['The edge sends it nothing more; requests under way are finished.', 'Then nginx, the sites’ processes and its agent end.', 'Nothing is launched in its place.'],
  },
];

/** Those that fit the container as it is now. */
export function actsFor({ wanted, state, role }: Pick<Container, 'wanted' | 'state' | 'role'>): readonly ContainerAct[] {
  if (wanted !== 'running' || state === 'ended') return [];
  // An edge has no other in front of it that would stop using it first.
  return role === 'edge' ? ACTS.filter(({ verb }) => verb === 'regenerate') : ACTS;
}

export const actNamed = (verb: string | undefined): ContainerAct | undefined => ACTS.find((act) => act.verb === verb);
