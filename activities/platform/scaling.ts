import type { Pool } from '../../src/database/pool.ts';
import { type Sized, sizeCluster } from '../../src/database/scaling.ts';

export type { Sized } from '../../src/database/scaling.ts';

export function scalingActivities({ pool }: { readonly pool: Pool }) {
  return {
    /** Measure, decide, and request one run at most. */
    async resize(): Promise<Sized> {
      return await sizeCluster(pool);
    },
  };
}
