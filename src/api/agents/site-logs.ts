import type { Response } from 'express';
import { type AgentPlace, listAgents } from '../../database/read/containers.ts';
import { ReeveError } from '../../domain/errors.ts';
import { readJsonLines } from '../client-streams.ts';
import type { Deps } from '../deps.ts';
import { beginLines, whenClosed } from './lines.ts';
import { followByTime, mergeByTime, type TimedLine } from './merge.ts';
import { openAgent } from './open.ts';

export interface LogsQuery {
  readonly since?: string | undefined;
  readonly follow: boolean;
  readonly errors: boolean;
}

/**
 * A site's lines from every container that serves, by time, each tagged with its container. One that does not answer is
 * named in a line of its own: a log with a gap must not look whole.
 * @throws ReeveError `unavailable` when none answers
 */
export async function sendSiteLogs(deps: Deps, site: string, query: LogsQuery, response: Response): Promise<void> {
  const agents = await listAgents(deps.pool);
  if (agents.length === 0) throw new ReeveError('unavailable', 'no container serves now: there is nobody to ask for its log');
  const signal = whenClosed(response, deps.hub.closing);
  const asked = new URLSearchParams({
    ...(query.since === undefined ? {} : { since: query.since }), ...(query.follow ? { follow: 'true' } : {}), ...(query.errors ? { errors: 'true' } : {}),
  });
  const path = `/logs/${site}?${asked}`;
  const opened = await Promise.allSettled(agents.map(async (agent) =>
    tagged(agent, await openAgent(deps.sitesKey, agent, { method: 'GET', path, signal }))));
  const silent = agents.filter((_, i) => opened[i]!.status === 'rejected');
  if (silent.length === agents.length) {
    throw new ReeveError('unavailable', `no container answers: ${silent.map(({ id }) => id).join(', ')}`, { containers: silent.map(({ id }) => id) });
  }
  const sources = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const lines = beginLines(response);
  opened.forEach((each, i) => {
    if (each.status === 'rejected') lines.send(missing(agents[i]!, each.reason));
  });
  if (query.follow) await followByTime(sources, lines.send, signal);
  else for await (const line of mergeByTime(sources)) await lines.sendWhenRoom(line);
  lines.end();
}

/** Its lines; should the agent go away, that is its last one. */
async function* tagged(agent: AgentPlace, body: AsyncIterable<Uint8Array>): AsyncGenerator<TimedLine, void, undefined> {
  try {
    for await (const line of readJsonLines(body)) {
      yield { ...(typeof line === 'object' && line !== null ? line : { message: String(line) }), container: agent.id };
    }
  } catch (error) {
    yield missing(agent, error);
  }
}

function missing(agent: AgentPlace, error: unknown): TimedLine {
  return { container: agent.id, source: 'reeve', message: `its lines are missing from here on: ${(error as Error).message}` };
}
