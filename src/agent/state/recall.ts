/** When the agent's memory is read and written. */
import type { Desired } from '../../domain/desired.ts';
import type { SiteId } from '../../domain/id.ts';
import { type Layout, places } from '../../domain/layout.ts';
import type { SitesKey } from '../../domain/secrets.ts';
import type { ContainerRenderer, Recalled } from '../../render/container.ts';
import type { Known, Tree } from '../files/tree.ts';
import { type Log, messageOf } from '../../log.ts';
import type { LastKnownGood } from './last-known-good.ts';
import { makerOf, readMemory, writeMemory } from './memory.ts';

/** Writing 10,000 sites' takes 0.1 s; what changed since is rendered at the next start. */
const WRITE_EVERY_MS = 10 * 60_000;

export interface Recall {
  /** What the last start left; handed out once, since nothing needs it longer. */
  take(): { readonly recalled: Recalled | null; readonly files: readonly Known[]; readonly sites: readonly SiteId[] };
  /** Call when all that is desired is served and nothing is under way. */
  settled(desired: Desired, renderer: ContainerRenderer, tree: Tree): void;
}

/** @param kept loaded already */
export function createRecall(parts: { layout: Layout; sitesKey: SitesKey; kept: LastKnownGood; log: Log }): Recall {
  const { layout, kept, log } = parts;
  const file = places.memoryFile(layout);
  const maker = makerOf(layout, parts.sitesKey);
  let memory = readMemory(file, maker);
  const touched = memory && kept.touchedSince(memory.mark);
  let written = touched ? memory!.mark : null;
  let writtenAt = touched ? performance.now() : Number.NEGATIVE_INFINITY;
  return {
    take() {
      const taken = memory;
      memory = null;
      return {
        recalled: taken && touched ? { remembered: taken.remembered, touched } : null,
        // A file's key stands for its contents, so these hold whatever the state was.
        files: taken?.files ?? [],
        sites: taken?.remembered.sites.map(({ site }) => site) ?? [],
      };
    },
    settled(desired, renderer, tree) {
      const mark = kept.mark();
      if (mark === written || performance.now() - writtenAt < WRITE_EVERY_MS) return;
      writtenAt = performance.now();
      try {
        writeMemory(file, { maker, mark, remembered: renderer.remember(desired), files: tree.known() });
        written = mark;
      } catch (error) {
        log.warn('the memory for the next start cannot be written', { error: messageOf(error) });
      }
    },
  };
}
