import { Gauge, type Registry } from 'prom-client';

export interface Gauges<Figures> {
  /** @param fill  sets it from the figures; not called when they could not be read, and then it has no value at all */
  add(name: string, help: string, labelNames: readonly string[], fill: (gauge: Gauge, figures: Figures) => void): void;
}

/**
 * Gauges that are filled from one read at each scrape. A read that fails leaves them without values, never with old
 * ones, and `up` at 0.
 * @param up  the name of the gauge that says whether it was read, and what it reads
 */
export function gaugesOf<Figures>(registry: Registry, up: { name: string; help: string }, read: () => Promise<Figures>): Gauges<Figures> {
  let reading: Promise<Figures | null> | null = null;
  // All gauges of a scrape are collected at once, so they share the read.
  const once = () => {
    reading ??= read().catch(() => null).finally(() => { reading = null; });
    return reading;
  };
  new Gauge({ ...up, registers: [registry], async collect() { this.set((await once()) === null ? 0 : 1); } });
  return {
    add(name, help, labelNames, fill) {
      new Gauge({
        name, help, labelNames, registers: [registry],
        async collect() {
          const figures = await once();
          this.reset();
          if (figures !== null) fill(this, figures);
          // Without labels a reset leaves a 0, which would be a figure.
          else if (labelNames.length === 0) this.remove();
        },
      });
    },
  };
}
