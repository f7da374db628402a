import { patched, sleep } from '@temporalio/workflow';
import { lengthy, platform } from './activities.ts';

/**
 * Let in the site's newest secrets alone, once requests that were begun with the former ones have had their time. It begins
 * when every container has followed: where one has not, they are held back, and the control worker retires them later.
 * @returns who holds them back; nobody where they are retired
 */
export async function retireSecrets({ site, settleMs }: { site: string; settleMs: number }): Promise<{ heldBack: readonly string[] }> {
  const behind = patched('behind') ? await platform.findStragglers({ site }) : [];
  if (behind.length === 0) await sleep(settleMs, { summary: 'requests that were begun with the former secrets end' });
  return await lengthy.retireSecrets({ site, behind });
}
