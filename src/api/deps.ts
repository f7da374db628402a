import type { Config } from '../config.ts';
import type { Pool } from '../database/pool.ts';
import type { AlertsKey, PeopleKey, SitesKey } from '../domain/secrets.ts';
import type { Integrity } from '../integrity/check.ts';
import type { Hub } from './stream/hub.ts';
import type { ApiLog } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { Provider } from '../sign-in/oidc/provider.ts';
import type { Principals } from './principals.ts';

export type ApiConfig = Pick<Config,
  'REEVE_DATABASE_URL' | 'REEVE_SITES_SERVER' | 'REEVE_TEMPORAL_UI' | 'TEMPORAL_NAMESPACE'>
  & Partial<Pick<Config, 'REEVE_API_TRUSTED_PROXIES' | 'REEVE_URL'>>;

/** What the API is given. */
export interface ApiOptions {
  readonly pool: Pool;
  readonly config: ApiConfig;
  readonly sitesKey: SitesKey;
  readonly alertsKey: AlertsKey;
  readonly peopleKey: PeopleKey;
  /** Hand a run to Temporal after its commit. Fire and forget: a sweep starts what this could not. */
  startRun?(run: string): void;
  /** For /readyz. Temporal being away stops no request. */
  temporalStatus?(): Promise<{ readonly connected: boolean; readonly message?: string }>;
  readonly log?: ApiLog;
  /** Where people may sign in elsewhere; null or left out where they may not. */
  readonly oidc?: Provider | null;
}

/** The same, with what the API makes of it for its routes. */
export interface Deps extends ApiOptions {
  readonly log: ApiLog;
  readonly principals: Principals;
  readonly hub: Hub;
  readonly metrics: Metrics;
  /** Containers against Postgres, as they are now. */
  readonly integrity: Integrity;
}
