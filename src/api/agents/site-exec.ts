import type { Response } from 'express';
import type { Actor } from '../../database/change.ts';
import { type AgentPlace, listAgents } from '../../database/read/containers.ts';
import { writeAudit } from '../../database/write-audit.ts';
import { isReeveError, ReeveError } from '../../domain/errors.ts';
import { readJsonLines } from '../client-streams.ts';
import type { Deps } from '../deps.ts';
import { beginLines, whenClosed } from './lines.ts';
import { openAgent } from './open.ts';

export interface Exec {
  readonly command: readonly string[];
  readonly container?: string | undefined;
  readonly stdin?: string | null | undefined;
  readonly timeoutSeconds?: number | undefined;
}

/**
 * Run a command with a site's environment in a container that serves, and send what it says as it says it. It is on
 * record before it runs; it ends when the client goes.
 * @throws ReeveError `not-found` for that container, `unavailable` when none answers
 */
export async function sendSiteExec(deps: Deps, site: string, { container, ...exec }: Exec, actor: Actor, response: Response): Promise<void> {
  const agents = await listAgents(deps.pool);
  const candidates = container === undefined ? agents : agents.filter(({ id }) => id === container);
  if (candidates.length === 0) {
    throw new ReeveError('unavailable', container === undefined ? 'no container serves now' : `container ${container} does not serve now`);
  }
  await writeAudit(deps.pool, {
    actor, action: 'site.exec', subject: `site:${site}`, after: { command: exec.command, container: container ?? null, stdin: exec.stdin != null },
  });
  const signal = whenClosed(response, deps.hub.closing);
  const body = await openFirst(deps, candidates, site, exec, signal);
  const lines = beginLines(response);
  for await (const line of readJsonLines(body)) await lines.sendWhenRoom(line);
  lines.end();
}

/** The next one only where nothing was sent to the one before: a command must not run twice. */
async function openFirst(deps: Deps, candidates: readonly AgentPlace[], site: string, exec: Omit<Exec, 'container'>, signal: AbortSignal) {
  for (const [i, agent] of candidates.entries()) {
    try {
      return await openAgent(deps.sitesKey, agent, { method: 'POST', path: `/exec/${site}`, body: exec, signal, bodyTimeout: 0 });
    } catch (error) {
      const unsent = isReeveError(error, 'unavailable') && error.fields.refused === true;
      if (!unsent || i === candidates.length - 1) throw error;
    }
  }
  throw new ReeveError('unavailable', 'no container answers');
}
