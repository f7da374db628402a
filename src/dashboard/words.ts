/** How things read on a page: times, sizes, and each state's word, tone and icon. Pure; the clock is given. */

export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'idle';

export interface Status {
  readonly word: string;
  readonly tone: Tone;
  /** A symbol of icons.svg: a colour never says anything alone. */
  readonly symbol: string;
}

const ICONS: Record<Tone, string> = { good: 'check', busy: 'spin', warn: 'warn', bad: 'cross', idle: 'dot' };

/** Every word that the API has for a state, by what a person should feel about it. */
const TONES: Record<Tone, readonly string[]> = {
  good: ['active', 'delivered', 'up', 'ready', 'completed', 'bound', 'ok', 'true', 'awake', 'approved', 'used', 'acted', 'sent', 'converged', 'closed'],
  busy: ['creating', 'starting', 'suspending', 'resuming', 'upgrading', 'deleting', 'restoring', 'purging', 'rotating', 'requested', 'running', 'binding',
    'unbinding', 'preparing', 'draining', 'invited'],
  warn: ['degraded', 'dropped', 'slow', 'reserved', 'warning', 'acknowledged', 'pending', 'awaiting-approval', 'compensated', 'refused', 'behind'],
  bad: ['bad', 'down', 'failed', 'failing', 'lost', 'critical', 'open', 'false', 'missing', 'changed', 'extra', 'rejected'],
  idle: ['unknown', 'suspended', 'deleted', 'asleep', 'ended', 'cancelled', 'superseded', 'expired', 'stale', 'retired', 'info', 'observed', 'disabled', 'paused', 'none', 'off'],
};

const toneOf = new Map<string, Tone>(Object.entries(TONES).flatMap(([tone, words]) => words.map((word) => [word, tone as Tone] as const)));

/** A word of the API as people see it; one that is not known here is shown plainly. */
export function statusOf(state: string, as?: Tone): Status {
  const tone = as ?? toneOf.get(state) ?? 'idle';
  return { word: spaced(state), tone, symbol: state === 'suspended' || state === 'paused' ? 'pause' : state === 'asleep' ? 'moon' : ICONS[tone] };
}

/** `createSite` → `Create site`, `awaiting-approval` → `Awaiting approval`, `hostname.bound` → `Hostname bound`. */
export function spaced(word: string): string {
  const text = word.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/[-._]/g, ' ').toLowerCase();
  return text === '' ? text : text[0]!.toUpperCase() + text.slice(1);
}

const UNITS: readonly (readonly [string, number])[] = [['d', 86_400], ['h', 3_600], ['min', 60], ['s', 1]];

/** `3 min ago`, `in 2 h`, `just now`. */
export function ago(at: Date, now: Date): string {
  const seconds = Math.round((now.getTime() - at.getTime()) / 1_000);
  const size = Math.abs(seconds);
  if (size < 5) return 'just now';
  const [unit, length] = UNITS.find(([, seconds]) => size >= seconds)!;
  const text = `${Math.floor(size / length)} ${unit}`;
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

/** `340 ms`, `12.4 s`, `3 min 20 s`. */
export function lasted(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}

/** `2026-11-25 03:14:07 UTC`: what a log and a colleague elsewhere say too. */
export function moment(at: Date): string {
  return `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `12,345`. */
export const grouped = (value: number): string => value.toLocaleString('en');

/** `1 site`, `2 sites`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** `up to 12.3 GiB`, without the words. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const at = count < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(count) / 10));
  const value = count / 1_024 ** at;
  return `${at === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}
