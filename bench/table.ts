export interface Measured {
  readonly what: string;
  /** Milliseconds. */
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

export function measured(what: string, milliseconds: readonly number[]): Measured {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  return { what, median: sorted[sorted.length >> 1]!, min: sorted[0]!, max: sorted.at(-1)!, runs: sorted.length };
}

export function print(title: string, rows: readonly Measured[]): void {
  console.log(`\n${title}`);
  const width = Math.max(...rows.map(({ what }) => what.length));
  const ms = (value: number) => (value < 10 ? value.toFixed(1) : value.toFixed(0));
  for (const { what, median, min, max, runs } of rows) {
    console.log(`  ${what.padEnd(width)}  ${ms(median)} ms [${ms(min)}..${ms(max)}], ${runs} runs`);
  }
}
