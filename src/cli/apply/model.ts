/** What `reeve apply` compares. Pure data; hostnames are in their canonical form. */
import type { HostnameRole, SiteStore } from '../../domain/desired.ts';

/** What the file says should be. What it leaves out stays as it is. */
export interface Wanted {
  readonly settings: Values;
  readonly sites: readonly WantedSite[];
  /** The only things that are ever taken away. */
  readonly absent: { readonly sites: readonly string[]; readonly hostnames: readonly string[] };
}

export type Values = Readonly<Record<string, unknown>>;

export interface WantedSite {
  readonly name: string;
  readonly release?: string;
  readonly owner?: string;
  readonly suspended?: boolean;
  /** Where its files are, from its creation on. */
  readonly store?: SiteStore['kind'];
  readonly settings: Values;
  /** Names of variables; their values are read when they are set, and are in no plan. */
  readonly env: readonly string[];
  readonly hostnames: readonly WantedHostname[];
}

export interface WantedHostname {
  readonly hostname: string;
  readonly role: HostnameRole;
  readonly https?: 'allow' | 'redirect';
}

/** What is. */
export interface Actual {
  readonly settings: Values;
  readonly sites: readonly ActualSite[];
  readonly hostnames: readonly ActualHostname[];
}

export interface ActualSite {
  readonly name: string;
  readonly phase: 'live' | 'suspended' | 'deleted';
  readonly release: string | null;
  readonly owner: string | null;
  readonly store: SiteStore['kind'];
  readonly settings: Values;
  readonly env: readonly string[];
}

export interface ActualHostname {
  readonly hostname: string;
  /** The site's name. */
  readonly site: string;
  readonly role: HostnameRole;
  readonly https: 'allow' | 'redirect';
  /** False for one that is only kept for its site, since its binding did not come to its end or the site is deleted. */
  readonly bound: boolean;
}

export interface Change {
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** One act, which is one request to the API and the run that it starts. */
export type Step =
  | { readonly kind: 'changeSettings'; readonly changes: readonly Change[] }
  | {
    readonly kind: 'createSite'; readonly site: string; readonly release?: string; readonly owner?: string; readonly store?: SiteStore['kind'];
    readonly settings: Values; readonly env?: readonly string[];
  }
  | { readonly kind: 'restoreSite' | 'suspendSite' | 'resumeSite' | 'deleteSite'; readonly site: string }
  | { readonly kind: 'changeSite'; readonly site: string; readonly changes: readonly Change[] }
  | { readonly kind: 'setEnv'; readonly site: string; readonly names: readonly string[] }
  | { readonly kind: 'upgradeSite'; readonly site: string; readonly from: string | null; readonly release: string }
  | { readonly kind: 'bindHostname'; readonly site: string; readonly hostname: string; readonly role: HostnameRole }
  | { readonly kind: 'changeHostname'; readonly site: string; readonly hostname: string; readonly changes: readonly Change[] }
  | { readonly kind: 'unbindHostname'; readonly site: string; readonly hostname: string };

export interface Plan {
  readonly steps: readonly Step[];
  /** Why parts of the file cannot be had from here; with any of these nothing is applied. */
  readonly problems: readonly string[];
}
