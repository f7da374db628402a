/** What a site's processes said, as people may see it. */
import { readFileSync } from 'node:fs';
import type { Desired } from '../../domain/desired.ts';
import type { SiteId } from '../../domain/id.ts';
import { type Layout, places } from '../../domain/layout.ts';
import { maskedText } from '../../domain/mask.ts';
import { secretsOf, type SiteFile } from '../../domain/site-file.ts';
import { siteHostnames } from '../../render/hostnames.ts';
import { type Secrets, siteFile } from '../../render/site-file.ts';
import type { QuarantineBook } from '../state/quarantine.ts';

/** Without the site's secrets; null where they are not known, and so could not be taken out. */
export type Masking = (site: SiteId, text: string) => string | null;

/**
 * The secrets are those of every version whose process may have said it: what is on disk, the newest rows (a version that
 * failed is off the disk again, and what it said is what people look at), and what a failing one goes back to.
 */
export function masking({ layout, secrets, book, desired }: {
  layout: Layout; secrets: Secrets; book: Pick<QuarantineBook, 'lastGood'>; desired(): Desired | null;
}): Masking {
  return (site, text) => {
    const files = [
      () => JSON.parse(readFileSync(places.siteFile(layout, site), 'utf8')) as SiteFile,
      () => newest(site),
      () => JSON.parse(book.lastGood.get(site)?.vassal?.siteFile ?? 'null') as SiteFile | null,
    ].flatMap((read) => {
      try {
        return read() ?? [];
      } catch {
        // Not there, or of a value that cannot be read: no process here was given it.
        return [];
      }
    });
    if (files.length === 0) return null;
    return maskedText(text, files.flatMap(secretsOf));
  };

  function newest(id: SiteId): SiteFile | null {
    const now = desired();
    const site = now?.sites.get(id);
    const manifest = now?.releases.get(site?.release ?? '')?.manifest;
    const server = now?.databaseServers.get(site?.databaseServer ?? '');
    if (!now || !site || !manifest || !server) return null;
    return siteFile({ layout, secrets, settings: now.settings, site, hostnames: () => siteHostnames([]), manifest, server });
  }
}
