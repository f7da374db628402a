import { Agent, type Dispatcher, request } from 'undici';
import type { AgentPlace } from '../../database/read/containers.ts';
import { ERRORS, type ErrorType, ReeveError } from '../../domain/errors.ts';
import { agentToken, type SitesKey } from '../../domain/secrets.ts';

/**
 * A hung agent is told from a slow command by its headers, which come at once. Always direct: agents are inside the cluster,
 * where a proxy of the environment does not lead, and it must not see their tokens.
 */
const through = new Agent({ connect: { timeout: 2_000 }, headersTimeout: 5_000, bodyTimeout: 60_000, keepAliveTimeout: 4_000 });

export interface AgentRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  /** Between two chunks; the agent sends an empty line each 15 s where nothing happens. 0: as long as it takes. */
  readonly bodyTimeout?: number;
  /** What is made whole before anything of it is sent has its headers late, ms. */
  readonly headersTimeout?: number;
  readonly signal: AbortSignal;
}

/**
 * Ask a container's agent, as the platform: with the token of this incarnation, which another one would not accept.
 * @throws ReeveError `unavailable` naming the container, or what the agent itself says
 */
export async function openAgent(sitesKey: SitesKey, place: AgentPlace, asked: AgentRequest): Promise<Dispatcher.ResponseData['body']> {
  let answer: Dispatcher.ResponseData;
  try {
    answer = await request(place.agentUrl + asked.path, {
      method: asked.method, signal: asked.signal, dispatcher: through,
      headers: {
        authorization: `Bearer ${agentToken(sitesKey, place.id, place.incarnation)}`,
        ...(asked.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: asked.body === undefined ? null : JSON.stringify(asked.body),
      ...(asked.bodyTimeout === undefined ? {} : { bodyTimeout: asked.bodyTimeout }),
      ...(asked.headersTimeout === undefined ? {} : { headersTimeout: asked.headersTimeout }),
    });
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    throw new ReeveError('unavailable', `container ${place.id} does not answer: ${code ?? message}`, { container: place.id, refused: code === 'ECONNREFUSED' }, error);
  }
  if (answer.statusCode === 200) return answer.body;
  const problem = (await answer.body.json().catch(() => ({}))) as { type?: string; detail?: string };
  // A token that is refused is the platform's trouble (a container just replaced, say), not the person's.
  const known = problem.type !== undefined && problem.type in ERRORS && problem.type !== 'unauthenticated';
  throw new ReeveError(known ? (problem.type as ErrorType) : 'unavailable',
    `container ${place.id}: ${problem.detail ?? `its agent answered ${answer.statusCode}`}`, { container: place.id });
}
