import { openAgent } from '../../api/agents/open.ts';
import type { Pool } from '../../database/pool.ts';
import { listAgents } from '../../database/read/containers.ts';
import type { SitesKey } from '../../domain/secrets.ts';
import type { Judging } from './loop.ts';

/** The judge waits for it. */
const WITHIN_MS = 2_000;

/** By the agent's own listener: what a site wrote is masked there, and never enters a workflow. */
export function tracebackAsker(pool: Pool, sitesKey: SitesKey): Judging['askTraceback'] {
  return async (container, site) => {
    try {
      const place = (await listAgents(pool)).find(({ id }) => id === container);
      if (!place) return null;
      const body = await openAgent(sitesKey, place, { method: 'GET', path: `/traceback/${site}`, signal: AbortSignal.timeout(WITHIN_MS) });
      return ((await body.json()) as { traceback: string | null }).traceback;
    } catch {
      // Evidence is a help, not a condition: the incident is told without it.
      return null;
    }
  };
}
