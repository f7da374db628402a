/**
 * Desired state as an agent reads it: what Postgres says the platform should be. The views `desired_v1_*` give
 * exactly these shapes; `src/database/snapshot.ts` reads them.
 */
import type { ApprovalSettings } from './approval.ts';
import type { RemediationSettings } from './budget.ts';
import type { Generation } from './generation.ts';
import type { HealthSettings } from './health-settings.ts';
import type { IntegritySettings } from './integrity-settings.ts';
import type { ContainerId, ReleaseId, SiteId } from './id.ts';
import type { ScalingPolicy } from './scaling.ts';

/**
 * A site's life: `creating` (nothing is served), `live`, `suspended` (its hostnames show the maintenance page),
 * `deleted` (nothing is served, its hostnames stay reserved, it can be restored until it is purged).
 * The row of a purged site stays for 30 days with `deleted: true`, as the tombstone that lets agents remove it.
 */
export type SitePhase = 'creating' | 'live' | 'suspended' | 'deleted';

export interface SiteDesired {
  readonly id: SiteId;
  /** The generation that last changed this row. */
  readonly rev: number;
  /** Counts up from 1 and is never used twice: the site's system user is the layout's first uid + this. */
  readonly number: number;
  readonly name: string;
  readonly phase: SitePhase;
  readonly release: ReleaseId | null;
  /** Kept after an upgrade, so that a page of the old release still finds its static files. */
  readonly previousRelease: ReleaseId | null;
  readonly databaseServer: string;
  /** Raising it rotates the database password and the Django secret key. */
  readonly secretVersion: number;
  readonly settings: SiteSettings;
  readonly store: SiteStore;
  /** Name to value, each value encrypted under the sites key (`src/domain/secrets.ts`). */
  readonly env: Readonly<Record<string, string>>;
  readonly deleted: boolean;
  /** Set while a release is tried in one container, before it is the site's. What a container is given of it is `seenIn`. */
  readonly trial?: Trial | null;
}

export interface Trial {
  readonly container: ContainerId;
  readonly release: ReleaseId;
}

/** A site as that container is to serve it: where a release is tried, it is on that one already. Without the trial itself. */
export function seenIn<Row extends SiteDesired>({ trial, ...site }: Row, container: string): Row {
  const tried = trial?.container === container && site.phase === 'live';
  return (tried ? { ...site, release: trial.release, previousRelease: site.release } : site) as Row;
}

/** What an administrator may set for a site. Numbers are bounded in `src/domain/site.ts`. */
export interface SiteSettings {
  readonly processes: number;
  readonly threads: number;
  /** Seconds one request may take before its worker is killed. */
  readonly harakiri: number;
  /** MiB of address space one worker may take. */
  readonly memory: number;
  /** Database connections the site's role may hold. */
  readonly connections: number;
  /** Where probes ask, the statuses that are well, and after how many ms an answer is slow; null: as its codebase says. */
  readonly healthPath?: string | null;
  readonly healthStatuses?: readonly number[] | null;
  readonly slowMs?: number | null;
}

export type SiteStore = { readonly kind: 'directory' } | { readonly kind: 's3'; readonly bucket: string };

export type HostnameRole = 'primary' | 'alias' | 'redirect';
/** `reserved`: held for its site, not served. `bound`: served. */
export type HostnamePhase = 'reserved' | 'bound';

export interface HostnameDesired {
  readonly hostname: string;
  readonly rev: number;
  readonly site: SiteId;
  readonly role: HostnameRole;
  readonly phase: HostnamePhase;
  /** What a visitor without TLS gets: the page, or a redirect to https. */
  readonly https: 'allow' | 'redirect';
  readonly deleted: boolean;
}

export interface ReleaseDesired {
  readonly id: ReleaseId;
  readonly rev: number;
  readonly phase: 'preparing' | 'ready' | 'failed' | 'retired';
  readonly digest: string | null;
  /** `release.json` of the prepared release (`src/domain/codebase.ts`); null until it is ready. */
  readonly manifest: ReleaseManifest | null;
  readonly deleted: boolean;
}

/** What a container needs to know of a prepared release. Paths are relative to the releases directory. */
export interface ReleaseManifest {
  readonly id: ReleaseId;
  readonly digest: string;
  /** The virtual environment's directory, e.g. `venvs/3f2a…`. */
  readonly venv: string;
  /** e.g. `example.wsgi` and `application`. */
  readonly wsgi: { readonly module: string; readonly callable: string };
  readonly settings: string;
  readonly static: { readonly url: string };
  readonly media: { readonly url: string; readonly private: readonly string[] };
  readonly health: { readonly path: string; readonly statuses: readonly number[]; readonly slowMs?: number };
  readonly commands: Readonly<Record<string, readonly string[]>>;
  /** Variable to template, for codebases that do not use reeve_django. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface DatabaseServerDesired {
  readonly id: string;
  readonly rev: number;
  readonly host: string;
  readonly port: number;
  readonly deleted: boolean;
}

/** Platform-wide settings that rendering depends on; the row `platform.settings`. */
export interface PlatformSettings {
  /** Sites get `<name>.<baseDomain>`. */
  readonly baseDomain: string;
  /** How visitors reach the edge: what links and redirects must say. */
  readonly publicScheme: 'http' | 'https';
  readonly publicPort: number;
  /** Redis for the sites' caches; null means that each process has its own memory. */
  readonly cacheUrl: string | null;
  /** S3-compatible server for stores of kind `s3`; its credentials are secrets and are not here. */
  readonly s3: { readonly endpoint: string; readonly region: string } | null;
  /** Whether a hostname outside the base domain must be proved by a DNS TXT record before it is served. */
  readonly ownership: 'none' | 'dns-txt';
  /** Addresses whose X-Forwarded-* the edge believes, as CIDR. */
  readonly trustedProxies: readonly string[];
  /** Inward addresses that alerts may be sent to, as CIDR; none when it is not set. */
  readonly alertNetworks?: readonly string[];
  /** What was set of it; `withDefaults` has the rest. */
  readonly health?: Partial<HealthSettings>;
  readonly integrity?: Partial<IntegritySettings>;
  readonly scaling?: Partial<ScalingPolicy>;
  readonly remediation?: Partial<RemediationSettings>;
  readonly approvals?: Partial<ApprovalSettings>;
}

/** The whole of it, at one generation. Maps are keyed by id, hostname, or server id; tombstones are not in them. */
export interface Desired extends Generation {
  readonly settings: PlatformSettings;
  readonly sites: ReadonlyMap<SiteId, SiteDesired>;
  readonly hostnames: ReadonlyMap<string, HostnameDesired>;
  readonly releases: ReadonlyMap<ReleaseId, ReleaseDesired>;
  readonly databaseServers: ReadonlyMap<string, DatabaseServerDesired>;
}

/** A container that the edge may send visitors to. */
export interface Member {
  readonly id: ContainerId;
  readonly incarnation: number;
  readonly address: string;
  readonly port: number;
}
