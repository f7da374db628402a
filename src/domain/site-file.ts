/**
 * What a site's process is told about its site: the JSON file named by `REEVE_SITE_FILE`, mode 0600, owned by the
 * site's own system user and replaced by rename. `tenant/reeve_django` reads it; a codebase that stays unmodified
 * gets parts of it as environment variables (`expandEnvironment`).
 */
export interface SiteFile {
  readonly version: 1;
  readonly site: { readonly id: string; readonly name: string };
  /** Scheme, primary hostname and the port visitors use, without a slash at the end. */
  readonly primaryUrl: string;
  readonly hostnames: readonly SiteFileHostname[];
  readonly database: SiteFileDatabase;
  /** `url` null: each process has its own memory. The prefix is the site's id, always. */
  readonly cache: { readonly url: string | null; readonly prefix: string };
  readonly store: SiteFileStore;
  readonly secretKey: string;
  /** Former secret keys whose signatures are still accepted. */
  readonly secretKeyFallbacks: readonly string[];
  /** 32 bytes in hexadecimal: signs one-time sign-in links. */
  readonly loginKey: string;
  readonly static: { readonly url: string; readonly root: string };
  /** The site's own working directory, writable to its system user alone. */
  readonly work: string;
  /** Variables that people set for this site. */
  readonly env: Readonly<Record<string, string>>;
  readonly debug: boolean;
}

export interface SiteFileHostname {
  readonly hostname: string;
  readonly role: 'primary' | 'alias' | 'redirect';
}

export interface SiteFileDatabase {
  /** A name, an address, or the directory of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly name: string;
  readonly user: string;
  readonly password: string;
}

export type SiteFileStore =
  | { readonly kind: 'directory'; readonly root: string; readonly mediaUrl: string }
  | {
      readonly kind: 's3';
      readonly endpoint: string;
      readonly region: string;
      readonly bucket: string;
      readonly accessKey: string;
      readonly secretKey: string;
      /** Null: links go to the bucket itself, signed. */
      readonly mediaUrl: string | null;
    };

/** Everything in a site's file that must not be shown or logged. */
export function secretsOf(file: SiteFile): string[] {
  const secrets = [file.database.password, file.secretKey, ...file.secretKeyFallbacks, file.loginKey];
  if (file.store.kind === 's3') secrets.push(file.store.secretKey);
  secrets.push(...Object.values(file.env));
  const cachePassword = file.cache.url?.match(/^[a-z+]+:\/\/[^@/]*:([^@/]+)@/)?.[1];
  if (cachePassword) secrets.push(cachePassword);
  // Short ones (`1`, `true`) are no secrets, and hiding them would make every message unreadable.
  return secrets.filter((secret) => secret.length >= 6);
}
