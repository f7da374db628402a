/** Who decides how many site containers there are, and by what: the setting `scaling`. */

/** What one container should carry. `null`: this measure does not count. */
export interface ScalingTargets {
  /** Share of the machine's or the container's cores, 0 to 1. */
  readonly cpu: number | null;
  /** Share of the memory that it may use, 0 to 1. */
  readonly memory: number | null;
  /** Sites whose code is loaded. */
  readonly awake: number | null;
  /** Visitors' requests a second. */
  readonly requests: number | null;
}

export interface ScalingPolicy {
  readonly mode: 'off' | 'on';
  /** Containers that serve sites; the edge is not counted. */
  readonly min: number;
  readonly max: number;
  readonly targets: ScalingTargets;
  /** How far from its target a measure may be before it counts, as a share of the target. */
  readonly tolerance: number;
  /** Seconds for which fewer containers must have been enough before one is taken away. */
  readonly stabilisation: number;
}

/**
 * Tolerance and stabilisation are those of the Kubernetes horizontal autoscaler (0.1, 300 s). An awake Wagtail vassal
 * takes 110 MB here (BUDGETS.md): fifty of them are 5.5 GB.
 */
export const SCALING_DEFAULTS: ScalingPolicy = {
  mode: 'off', min: 2, max: 10, targets: { cpu: 0.6, memory: 0.75, awake: 50, requests: null }, tolerance: 0.1, stabilisation: 300,
};

/** What the policy says twice, differently; `path` is relative to the settings. Empty when it can be followed. */
export function scalingContradictions({ mode, min, max, targets }: ScalingPolicy): { path: string; message: string }[] {
  const found = [];
  if (min > max) found.push({ path: 'scaling.min', message: `is ${min}, more than max, which is ${max}` });
  if (mode === 'on' && Object.values(targets).every((target) => target === null)) {
    found.push({ path: 'scaling.targets', message: 'must hold at least one while scaling is on' });
  }
  return found;
}
