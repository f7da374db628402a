/** A site's settings as fields of a form. */
import type { SiteSettings } from '../../../domain/desired.ts';
import { siteSettingsSchema } from '../../../domain/site.ts';
import { type Fields, numeric, typed } from '../../form.ts';

const NUMBERS = [
  { name: 'processes', label: 'Processes', hint: 'In each container; about 110 MB each' },
  { name: 'threads', label: 'Threads a process', hint: 'Requests that one process answers at once' },
  { name: 'harakiri', label: 'Longest request', hint: 'Seconds; then its process is ended' },
  { name: 'memory', label: 'Memory a process', hint: 'MiB of address space' },
  { name: 'connections', label: 'Database connections', hint: 'All containers together' },
  { name: 'slowMs', label: 'Slow from', hint: 'Milliseconds; empty: as its codebase says' },
] as const satisfies readonly { name: keyof SiteSettings; label: string; hint: string }[];

const DEFAULTS = siteSettingsSchema.parse({});

/** One field a number, with what it is now. The names are the paths that the API's complaints have. */
export function settingsFields(now: Partial<SiteSettings>) {
  return NUMBERS.map(({ name, ...field }) => ({ ...field, name: `settings.${name}`, value: now[name] ?? DEFAULTS[name] ?? '' }));
}

/** What the form says of settings: what it does not have stays as it is, what is empty is null or missing. */
export function settingsFrom(form: Fields): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const { name } of NUMBERS) {
    const value = form[`settings.${name}`];
    if (value === undefined) continue;
    settings[name] = numeric(value) ?? (name === 'slowMs' ? null : undefined);
  }
  const path = form['settings.healthPath'];
  if (path !== undefined) settings.healthPath = typed(path) ?? null;
  const statuses = form['settings.healthStatuses'];
  if (statuses !== undefined) settings.healthStatuses = typed(statuses) === undefined ? null : statuses.split(/[\s,]+/).filter(Boolean).map(numeric);
  return settings;
}
