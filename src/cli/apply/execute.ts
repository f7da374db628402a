/** Does a plan's steps, each to its end before the next; makes no choices. */
import type { Answer } from '../../api/client.ts';
import type { Client, Context } from '../context.ts';
import { newKey } from '../key.ts';
import type { Run, Site } from '../resources.ts';
import { awaitRun } from '../run/accepted.ts';
import type { Change, Step } from './model.ts';

export interface Execution {
  readonly context: Context;
  /** Name to id, and sites that are created on the way. */
  readonly ids: Map<string, string>;
  readonly envValue: (site: string, name: string) => string;
}

/** @throws ReeveError when the step is refused or its run does not complete */
export async function executeStep(step: Step, execution: Execution): Promise<Run | null> {
  const { context, ids } = execution;
  const answer = await request(step, context.api, execution);
  if (step.kind === 'createSite') ids.set(step.site, (answer.body as Site).id);
  return await awaitRun(context, answer, 'hostname' in step ? step.hostname : 'site' in step ? step.site : 'settings');
}

async function request(step: Step, api: Client, { ids, envValue }: Execution): Promise<Answer<unknown>> {
  const site = 'site' in step ? `/sites/${ids.get(step.site)}` : '';
  const post = (path: string, body?: object) => api.exchange('POST', path, { body, idempotencyKey: newKey() });
  // What was planned is done to what is there now: its rev is read right before.
  const onRow = async (method: 'PATCH' | 'DELETE', path: string, body?: object) =>
    await api.exchange(method, path, { body, ifMatch: (await api.exchange('GET', path)).etag ?? '*' });
  const valuesOf = (name: string, names: readonly string[]) => Object.fromEntries(names.map((each) => [each, envValue(name, each)]));
  switch (step.kind) {
    case 'createSite':
      return await post('/sites', {
        name: step.site, release: step.release, owner: step.owner, store: step.store, settings: step.settings, env: step.env && valuesOf(step.site, step.env),
      });
    case 'restoreSite': return await post(`${site}/restore`);
    case 'resumeSite': return await post(`${site}/resume`);
    case 'suspendSite': return await post(`${site}/suspend`);
    case 'upgradeSite': return await post(`${site}/upgrade`, { release: step.release });
    case 'bindHostname': return await post(`${site}/hostnames`, { hostname: step.hostname, role: step.role });
    case 'changeSettings': return await onRow('PATCH', '/settings', bodyOf(step.changes));
    case 'changeSite': return await onRow('PATCH', site, bodyOf(step.changes));
    case 'changeHostname': return await onRow('PATCH', pathOf(step.hostname), bodyOf(step.changes));
    case 'deleteSite': return await onRow('DELETE', site);
    case 'unbindHostname': return await onRow('DELETE', pathOf(step.hostname));
    case 'setEnv': return await api.exchange('PUT', `${site}/env`, { body: valuesOf(step.site, step.names) });
  }
}

function pathOf(hostname: string): string {
  return `/hostnames/${encodeURIComponent(hostname)}`;
}

/** `settings.processes`, `remediation.mode` and `owner` as the API takes them. */
function bodyOf(changes: readonly Change[]): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const { path, to } of changes) {
    const [head, tail] = path.split('.', 2) as [string, string | undefined];
    if (tail === undefined) body[head] = to;
    else body[head] = { ...(body[head] as object | undefined), [tail]: to };
  }
  return body;
}
