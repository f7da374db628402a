import type { PlatformSettings } from '../../domain/desired.ts';
import { type WholeSettings, withDefaults } from '../../domain/settings.ts';
import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';

/** The platform's settings as they are now, with defaults for what was not set. @throws ReeveError `unavailable` */
export async function readPlatformSettings(db: Queryable): Promise<WholeSettings> {
  return withDefaults(await readStoredSettings(db));
}

/** Only what was set: for a change, which says what it expects to find. */
export async function readStoredSettings(db: Queryable): Promise<PlatformSettings> {
  const { rows } = await translated(db.query<{ settings: PlatformSettings }>('select settings from platform'));
  return rows[0]!.settings;
}
