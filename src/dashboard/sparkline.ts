/** A line small enough to stand in a sentence, drawn on the server. Pure. */
import { escapeHtml } from './escape.ts';

const WIDTH = 160;
const HEIGHT = 36;

/**
 * An SVG of these values, oldest first; null is a gap. Bars for counts (failures stand out), a line otherwise.
 * @param label what a screen reader says instead
 */
export function sparkline(values: readonly (number | null)[], label: string, kind: 'line' | 'bars' = 'line'): string {
  const most = Math.max(1e-9, ...values.map((value) => value ?? 0));
  const step = WIDTH / Math.max(1, values.length - (kind === 'line' ? 1 : 0));
  const y = (value: number) => HEIGHT - 2 - (value / most) * (HEIGHT - 4);
  const shape = kind === 'bars'
    ? values.map((value, at) => (value ? `<rect x="${round(at * step)}" y="${round(y(value))}" width="${round(Math.max(1, step - 1))}" height="${round(HEIGHT - 1 - y(value))}"/>` : '')).join('')
    : `<path d="${pathOf(values, step, y)}"/>`;
  return `<svg class="spark spark-${kind}" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${escapeHtml(label)}">${shape}</svg>`;
}

function pathOf(values: readonly (number | null)[], step: number, y: (value: number) => number): string {
  let broken = true;
  return values.map((value, at) => {
    if (value === null) {
      broken = true;
      return '';
    }
    const command = `${broken ? 'M' : 'L'}${round(at * step)} ${round(y(value))}`;
    broken = false;
    return command;
  }).join('');
}

const round = (value: number): string => String(Math.round(value * 10) / 10);
