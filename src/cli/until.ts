import { ReeveError } from '../domain/errors.ts';
import { parseDuration } from './output/time.ts';

const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/**
 * An end as a person writes it: `3d`, `friday`, `2030-01-31` (all of these until that day is over here), or RFC 3339.
 * @returns RFC 3339 in UTC
 * @throws ReeveError `bad-request` when it is none of these, or has passed
 */
export function parseEnd(text: string, now: Date = new Date()): string {
  const end = endOf(text.trim().toLowerCase(), now);
  if (end === null || Number.isNaN(end.getTime())) {
    throw new ReeveError('bad-request', `an end is like 3d, friday, 2030-01-31 or 2030-01-31T17:00:00Z, not ${JSON.stringify(text)}`);
  }
  if (end <= now) throw new ReeveError('bad-request', `${text} has passed`);
  return end.toISOString();
}

function endOf(text: string, now: Date): Date | null {
  const weekday = DAYS.indexOf(text);
  if (weekday >= 0) return endOfDay(now.getFullYear(), now.getMonth(), now.getDate() + ((weekday - now.getDay() + 7) % 7));
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  if (year !== undefined) {
    const end = endOfDay(Number(year), Number(month) - 1, Number(day));
    return end.getMonth() === Number(month) - 1 ? end : null;
  }
  if (/^\d{4}-\d\d-\d\dt[\d:.]+(z|[+-]\d\d:\d\d)$/.test(text)) return new Date(text.toUpperCase());
  const ms = /[a-z]$/.test(text) ? parseDuration(text) : null;
  return ms === null ? null : new Date(now.getTime() + ms);
}

const endOfDay = (year: number, month: number, day: number): Date => new Date(year, month, day, 23, 59, 59);
