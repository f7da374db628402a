import { createHash } from 'node:crypto';
import { floorContradictions, remediationContradictions } from '../../domain/budget.ts';
import type { PlatformSettings } from '../../domain/desired.ts';
import { isReeveError, ReeveError } from '../../domain/errors.ts';
import { contradictions } from '../../domain/health-settings.ts';
import { shownUrl, type UpdateSettings } from '../../domain/resources/platform.ts';
import { type SettingGroups, SETTING_DEFAULTS, type WholeSettings, withDefaults } from '../../domain/settings.ts';
import { scalingContradictions, type ScalingPolicy } from '../../domain/scaling.ts';
import { commitChange } from '../change.ts';
import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';
import { readStoredSettings } from '../read/platform-settings.ts';
import { type Asking, invalid } from './asking.ts';

/** The settings have no rev of their own, so their ETag is of their contents. */
export function settingsTag(settings: PlatformSettings): string {
  const sorted = Object.entries(settings).sort(([a], [b]) => a.localeCompare(b));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16);
}

/**
 * Change the platform's settings; containers follow by themselves.
 * @param ifMatch the tag that was read, or `*`
 * @throws ReeveError `stale`, `invalid`, `conflict` when the base domain is in use, `unavailable`
 */
export async function updateSettings(asking: Asking, ifMatch: string, body: UpdateSettings): Promise<WholeSettings> {
  const before = await readStoredSettings(asking.db);
  if (ifMatch !== '*' && ifMatch.replace(/^W\/|"/g, '') !== settingsTag(withDefaults(before))) {
    throw new ReeveError('stale', 'the settings have changed since you read them');
  }
  const change = { ...body };
  let unused = {};
  // What was shown without its password comes back so: it means the one that is there.
  if (change.cacheUrl?.includes(':***@')) {
    if (change.cacheUrl !== shownUrl(before.cacheUrl)) throw invalid('cacheUrl', 'give the password, not ***');
    change.cacheUrl = before.cacheUrl;
  }
  if (change.baseDomain !== undefined && change.baseDomain !== before.baseDomain) {
    const { rows } = await translated(asking.db.query<{ sites: number }>('select sites from platform'));
    unused = { sites: 0 };
    if (rows[0]!.sites > 0) throw new ReeveError('conflict', `${rows[0]!.sites} sites have hostnames below ${before.baseDomain}: it stays while there are any`);
  }
  const after = merged(before, change as Partial<PlatformSettings>);
  const whole = withDefaults(after);
  const errors = [...contradictions(whole.health), ...scalingContradictions(whole.scaling), ...remediationContradictions(whole.remediation),
    ...floorContradictions(whole.remediation, await mostContainers(asking.db, whole.scaling))];
  if (errors.length > 0) {
    throw new ReeveError('invalid', `the settings contradict each other: ${errors.map(({ path, message }) => `${path} ${message}`).join('; ')}`, { errors });
  }
  try {
    await commitChange(asking.db, {
      actor: asking.actor, type: 'settings.updated', reason: asking.reason, metadata: { fields: Object.keys(body) },
      writes: [{
        table: 'platform', op: 'update', key: { one: true }, values: { settings: after }, expect: { settings: before, ...unused },
      }],
    });
  } catch (error) {
    // In words of our own: what was found and expected there are whole settings, with a password perhaps.
    if (isReeveError(error, 'conflict')) throw new ReeveError('stale', 'the settings have changed meanwhile');
    throw error;
  }
  return withDefaults(after);
}

/** While scaling is off, people may have launched more than its maximum. */
async function mostContainers(db: Queryable, { mode, max }: ScalingPolicy): Promise<number> {
  if (mode === 'on') return max;
  const { rows: [now] } = await translated(db.query<{ count: number }>(
    `select count(*) from container where role = 'site' and wanted = 'running'`));
  return Math.max(max, now!.count);
}

/** Of a group, what is not named stays. */
function merged(before: PlatformSettings, change: Partial<PlatformSettings>): PlatformSettings {
  const groups = (Object.keys(SETTING_DEFAULTS) as (keyof SettingGroups)[]).filter((group) => change[group] !== undefined);
  return { ...before, ...change, ...Object.fromEntries(groups.map((group) => [group, { ...before[group], ...change[group] }])) };
}
