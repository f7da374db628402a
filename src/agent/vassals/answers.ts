/** What new vassals answer when asked on their own socket: asked in the background, since a first page may take seconds. */
import type { SiteId } from '../../domain/id.ts';
import { messageOf } from '../../log.ts';
import type { Answer } from './plan.ts';
import { requestUwsgi, type UwsgiRequest } from './uwsgi-protocol.ts';

const ASK_WITHIN_MS = 20_000;

export interface Question extends UwsgiRequest {
  readonly socket: string;
  /** The statuses that mean well. */
  readonly statuses: readonly number[];
}

export interface Answers {
  of(site: SiteId, digest: string): Answer | null;
  ask(site: SiteId, digest: string, question: Question): void;
  forget(site: SiteId): void;
}

export function answers(onAnswer: () => void): Answers {
  const known = new Map<SiteId, { digest: string; answer: Answer }>();
  return {
    of: (site, digest) => {
      const one = known.get(site);
      return one?.digest === digest ? one.answer : null;
    },
    ask(site, digest, question) {
      const entry: { digest: string; answer: Answer } = { digest, answer: 'asking' };
      known.set(site, entry);
      requestUwsgi(question.socket, question, ASK_WITHIN_MS).then(
        ({ status }) => { entry.answer = question.statuses.includes(status) ? 'well' : { ill: `${question.path} answered ${status}` }; },
        (error) => { entry.answer = { ill: messageOf(error) }; },
      ).finally(onAnswer);
    },
    forget: (site) => void known.delete(site),
  };
}
