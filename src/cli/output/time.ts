/** How long ago, in one unit: `12 s`, `3 min`, `5 h`, `4 d`. A dash where there is no time. */
export function age(at: string | null | undefined, now: number = Date.now()): string {
  if (!at) return '-';
  const then = Date.parse(at);
  return Number.isNaN(then) ? '-' : duration(Math.max(0, now - then));
}

/** Milliseconds as people say them, in one unit. */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 1) return `${Math.round(ms)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90`, `90s`, `10m`, `2h`, `1d` or `500ms` in milliseconds (a bare number is seconds); null where it is none of these. */
export function parseDuration(text: string): number | null {
  const [, number, unit] = text.trim().match(/^(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)?$/) ?? [];
  return number === undefined ? null : Number(number) * UNITS[unit ?? 's']!;
}
