/** An edge's word about itself, for whoever compares it with what Postgres says (`GET /description`). */
import type { Desired, Member } from '../../domain/desired.ts';
import { bucketDigests, digestInName } from '../../domain/drift.ts';
import type { EdgeDescription } from '../../domain/edge-drift.ts';
import type { Layout } from '../../domain/layout.ts';
import { diskReader } from '../integrity/disk.ts';
import type { ProofReader } from '../nginx/proof.ts';
import type { Routing } from '../reconcile/routing.ts';
import type { EdgeRendering } from './renderer.ts';

export function edgeDescriber({ layout, routing, rendering, proof, desired }: {
  layout: Layout; routing: Routing; rendering: EdgeRendering; proof: ProofReader; desired(): Desired | null;
}): () => Promise<EdgeDescription> {
  const disk = diskReader(layout);
  return async () => {
    const known = desired();
    const configuration = routing.serving();
    const manifest = await disk.read(configuration, new Set());
    return {
      rendererVersion: layout.rendererVersion, epoch: known?.epoch ?? 0, generation: known?.generation ?? 0,
      files: manifest.size, buckets: bucketDigests(manifest), configuration, served: (await proof.read())?.digest ?? null,
      emperor: false, notRunning: [], releases: [], leftOut: [], heldBack: false,
      manifest: [...manifest], members: membersOf(rendering, configuration),
    };
  };
}

/** Those that a configuration sends visitors to. */
export function membersOf(rendering: EdgeRendering, configuration: string | null): readonly Member[] {
  return configuration === null ? [] : rendering.membersIn(digestInName(configuration));
}
