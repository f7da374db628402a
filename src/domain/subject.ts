/** What runs, incidents, approvals and audit entries are about: `kind:id`. Pure. */
import type { Resource } from './permission.ts';

const SITE = 'site:';

/** The id of the site that it names; null when it is about something else. */
export const siteOfSubject = (subject: string): string | null => (subject.startsWith(SITE) ? subject.slice(SITE.length) : null);

/** What permission about it is asked on: its site, or the platform. */
export function resourceOfSubject(subject: string): Resource {
  const site = siteOfSubject(subject);
  return site === null ? {} : { site };
}
