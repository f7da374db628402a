import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { PlatformActivities } from '../../../activities/platform/index.ts';

// Every activity of the control worker heartbeats by its interceptor, so a killed worker is noticed within this time
// however long the activity itself may take.
const heartbeatTimeout = '10s';
// Said explicitly: what the SDK documents as its default is not what it does (1.24). Undoing a step while that step is
// still under way would leave what it makes after its undo has passed.
const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;

/**
 * Steps. Attempts are bounded by time, not by number: what cannot be mended by trying again ends at once (by its
 * error's type), and a database that is away for some minutes must not undo half a site.
 */
export const platform = proxyActivities<PlatformActivities>({
  startToCloseTimeout: '2m',
  scheduleToCloseTimeout: '20m',
  heartbeatTimeout,
  cancellationType,
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '15s' },
});

/** Steps whose length depends on the codebase: installing, migrating, hooks. */
export const lengthy = proxyActivities<PlatformActivities>({
  startToCloseTimeout: '30m',
  scheduleToCloseTimeout: '1h',
  heartbeatTimeout,
  cancellationType,
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
});

/**
 * What must end with a plain yes or no, because what follows depends on which: publishing, claiming, undoing, and the
 * final state. A day without Postgres is the bound.
 */
export const certain = proxyActivities<PlatformActivities>({
  // Ending a container takes 65 s at most: it drains, and its parts stop in order.
  startToCloseTimeout: '90s',
  scheduleToCloseTimeout: '24h',
  heartbeatTimeout,
  cancellationType,
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '20s' },
});

/**
 * How long `converge` waits where each container has to start a site's code: longer than an agent gives a vassal to
 * accept (30 s) before it quarantines the site, so that the run hears which. Routing alone has activities' own 10 s.
 */
export const STARTS_CODE = { deadlineMs: 45_000 } as const;
