/** Where a site keeps its files. What is in it is the site's; that it is there, and for whom, is Reeve's. */
import type { PlatformSettings, SiteStore } from '../domain/desired.ts';
import { ReeveError } from '../domain/errors.ts';
import type { SitesKey } from '../domain/secrets.ts';
import type { SiteFileStore } from '../domain/site-file.ts';
import { createDirectoryStore, type DirectoryPlace } from './directory.ts';
import { createS3Store } from './s3.ts';

/** What a store must know of its site. */
export interface StoreSite {
  readonly id: string;
  /** The site's system user is the first uid + this. */
  readonly number: number;
  readonly secretVersion: number;
  readonly store: SiteStore;
}

/** All of it may be repeated: twice is once. */
export interface FileStore {
  /** Empty and for this site alone; one that is there already stays as it is. @throws ReeveError `conflict` when it is locked */
  create(site: StoreSite): Promise<void>;
  /** Close it to the site and to visitors, with all that is in it. @throws ReeveError `not-found` */
  lock(site: StoreSite): Promise<void>;
  /** Undo lock. @throws ReeveError `not-found` */
  unlock(site: StoreSite): Promise<void>;
  /** Let in the site with this version of its secret too; versions that are let in already stay so. @throws ReeveError `not-found` */
  letIn(site: StoreSite): Promise<void>;
  /** Let in these versions no more. */
  shutOut(site: StoreSite, versions: readonly number[]): Promise<void>;
  /** Remove it with all that is in it, locked or not. */
  drop(site: StoreSite): Promise<void>;
  /** What the site's own process is told of it. */
  describe(site: StoreSite, mediaUrl: string): SiteFileStore;
}

export interface FileStores {
  /** The store of the kind that the site has. @throws ReeveError `conflict` when the platform has no such storage */
  of(site: StoreSite, settings: Pick<PlatformSettings, 's3'>): FileStore;
}

export interface Storage {
  readonly directory: DirectoryPlace;
  /** The platform's own credentials of the S3-compatible server; sites get others. */
  readonly s3: { readonly accessKey: string; readonly secretKey: string } | null;
  readonly sitesKey: SitesKey;
}

export function createFileStores({ directory, s3, sitesKey }: Storage): FileStores {
  const directories = createDirectoryStore(directory);
  return {
    of(site, settings) {
      if (site.store.kind === 'directory') return directories;
      if (!settings.s3 || !s3) {
        throw new ReeveError('conflict', settings.s3
          ? 'the platform has no credentials for its S3-compatible server (REEVE_S3_ACCESS_KEY, REEVE_S3_SECRET_KEY)'
          : 'the platform has no S3-compatible server set', { subject: `site:${site.id}` });
      }
      return createS3Store({ ...s3, ...settings.s3, sitesKey });
    },
  };
}
