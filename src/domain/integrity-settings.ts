/** How often containers are compared with what Postgres says; `platform.settings.integrity`. */
export interface IntegritySettings {
  /** Seconds from one check to the next. */
  readonly intervalSeconds: number;
}

export const INTEGRITY_DEFAULTS: IntegritySettings = { intervalSeconds: 60 };
