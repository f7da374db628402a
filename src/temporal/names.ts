/** The queue of workflows and of the platform's own activities. */
export const CONTROL_QUEUE = 'reeve-control';

/** One queue an incarnation, so that a replacement never inherits what its predecessor was asked. */
export function containerQueue(container: string, incarnation: number): string {
  return `reeve-container-${container}-${incarnation}`;
}
