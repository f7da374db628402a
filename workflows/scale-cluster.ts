import { setCurrentDetails } from '@temporalio/workflow';
import type { Sized } from '../activities/platform/scaling.ts';
import { platform } from '../src/temporal/workflow/activities.ts';

/** As many site containers as the load asks for, within the bounds; one more or one fewer at a time. */
export async function scaleCluster(): Promise<Sized> {
  const sized = await platform.resize();
  setCurrentDetails(`**${sized.action}**: ${sized.reason}`);
  return sized;
}
