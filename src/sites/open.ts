import type { Config } from '../config.ts';
import type { SitesKey } from '../domain/secrets.ts';
import { createFileStores, type FileStores } from '../storage/store.ts';
import type { CommandPlace } from './command.ts';
import { openSitesServer, prepareServer, type SitesServer } from './server.ts';

/** What the steps on sites' parts work with. */
export interface SitesParts extends CommandPlace {
  readonly sitesAdmin: SitesServer;
  readonly store: FileStores;
  /** Does once, before the first thing is made on the server, what must be done once a server. */
  prepared(): Promise<void>;
}

/** System users as the machine has them: `REEVE_LOCAL_FILE` says. */
export interface SystemUsers {
  readonly firstUid: number | null;
  readonly nginxUser: { readonly gid: number } | null;
}

/** Open the sites' database server and file stores, from the platform's configuration. Connects when first used. */
export function openSites(config: Config, { firstUid, nginxUser }: SystemUsers, sitesKey: SitesKey): SitesParts {
  const sitesAdmin = openSitesServer(config.REEVE_SITES_DATABASE_URL, config.REEVE_SITES_SERVER);
  const { REEVE_S3_ACCESS_KEY: accessKey, REEVE_S3_SECRET_KEY: secretKey, REEVE_STORES_DIR: storesDir } = config;
  let preparing: Promise<unknown> | null = null;
  return {
    sitesAdmin,
    sitesKey,
    firstUid,
    releasesDir: config.REEVE_RELEASES_DIR,
    storesDir,
    store: createFileStores({
      directory: { storesDir, firstUid, nginxGid: nginxUser?.gid ?? null },
      s3: accessKey && secretKey ? { accessKey, secretKey } : null,
      sitesKey,
    }),
    async prepared() {
      preparing ??= prepareServer(sitesAdmin).catch((error) => {
        preparing = null;
        throw error;
      });
      await preparing;
    },
  };
}
