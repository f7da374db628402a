import type { Container } from '../../../domain/resources/container.ts';
import type { Platform } from '../../../domain/resources/platform.ts';

/**
 * With how far behind it is, what it waits for, and a state that says so when nothing was heard of it. What has ended, or is
 * to end, is behind nothing and waits for nothing, as src/database/read/containers.ts puts them in order. Pure.
 */
export function rowOf(container: Container, platform: Pick<Platform, 'epoch' | 'generation'>) {
  const ended = container.state === 'ended' || container.wanted === 'ended';
  const behind = container.observedEpoch === platform.epoch ? platform.generation - container.observedGeneration : platform.generation;
  const silent = container.wanted === 'running' && container.state !== 'starting' && !container.alive;
  return {
    ...container, behind: ended ? 0 : Math.max(0, behind), shown: silent ? 'lost' : container.state,
    waits: ended ? null : container.waitingOn[0]?.message ?? null,
  };
}
