/** What can be done to a site as a whole, and what each does, in words: said before it is done. Pure. */
import type { Action } from '../../../domain/permission.ts';
import type { Site, SiteStatus } from '../../../domain/resources/site.ts';

export interface Act {
  readonly verb: string;
  readonly action: Action;
  readonly method: 'POST' | 'DELETE';
  readonly route: string;
  /** When it can be done. */
  readonly from: readonly SiteStatus[];
  readonly title: string;
  readonly short: string;
  readonly will: readonly string[];
  readonly button: string;
  readonly symbol: string;
  /** It cannot simply be taken back: the name is asked for. */
  readonly danger: boolean;
}

const SERVED: readonly SiteStatus[] = ['active', 'degraded'];

export const ACTS: readonly Act[] = [
  {
    verb: 'suspend', action: 'site:suspend', method: 'POST', route: '/sites/{site}/suspend', from: SERVED, symbol: 'pause', danger: false,
    title: 'Suspend', short: 'Show a maintenance page instead, until it is resumed.', button: 'Suspend it',
    will: ['Every hostname answers 503 with the maintenance page, in every container.', 'Its processes end; database and files stay as they are.', 'It can be resumed at any time.'],
  },
  {
    verb: 'resume', action: 'site:resume', method: 'POST', route: '/sites/{site}/resume', from: ['suspended'], symbol: 'play', danger: false,
    title: 'Resume', short: 'Serve it again.', button: 'Resume it', will: ['Every hostname is served again, in every container.'],
  },
  {
    verb: 'upgrade', action: 'site:upgrade', method: 'POST', route: '/sites/{site}/upgrade', from: SERVED, symbol: 'release', danger: false,
    title: 'Move to another release', short: 'Migrate its database, and serve it with other code.', button: 'Move it',
    will: ['A snapshot of its database is taken.', 'Its database is migrated, then its processes are replaced one by one without losing a request.', 'If the migration fails it keeps the old release, and its data.'],
  },
  {
    verb: 'rotate-secrets', action: 'site:rotate-secrets', method: 'POST', route: '/sites/{site}/rotate-secrets', from: [...SERVED, 'suspended'], symbol: 'key', danger: false,
    title: 'Rotate its secrets', short: 'Give it another database password and other keys, while it is served.', button: 'Rotate them',
    will: ['Its processes are replaced one by one without losing a request.', 'The former password works until every container has the new one; then it is refused, and sessions with it end.', 'Whoever is signed in stays so, once: Django accepts the key before.', 'Variables that people set stay as they are.'],
  },
  {
    verb: 'delete', action: 'site:delete', method: 'DELETE', route: '/sites/{site}', from: [...SERVED, 'suspended', 'creating'], symbol: 'bin', danger: true,
    title: 'Delete', short: 'Stop serving it and lock its data. For 7 days it can be restored.', button: 'Delete this site',
    will: ['Every hostname of it answers “unknown” at once.', 'Its database and files are locked, and kept for 7 days.', 'Until then it can be restored as it was; then they are dropped for good.'],
  },
  {
    verb: 'restore', action: 'site:restore', method: 'POST', route: '/sites/{site}/restore', from: ['deleted'], symbol: 'again', danger: false,
    title: 'Restore', short: 'Bring it back as it was when it was deleted.', button: 'Restore it', will: ['Database and files are unlocked.', 'Its hostnames are served again: they were kept for it.'],
  },
  {
    verb: 'purge', action: 'site:purge', method: 'POST', route: '/sites/{site}/purge', from: ['deleted'], symbol: 'bin', danger: true,
    title: 'Purge now', short: 'Drop its database and files for good, without waiting for the 7 days.', button: 'Purge this site for good',
    will: ['Its database is dropped.', 'Every file that was uploaded to it is removed.', 'Nobody can bring any of it back.', 'Where a second person could approve it, it waits until one has.'],
  },
];

/** Those that fit the site as it is now. */
export const actsFor = ({ status }: Pick<Site, 'status'>): readonly Act[] => ACTS.filter(({ from }) => from.includes(status));
export const actNamed = (verb: string): Act | undefined => ACTS.find((act) => act.verb === verb);
