/** What a platform is like, so that a test can say that nothing of it has changed. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { containerIds } from '../../src/cluster/process-files.ts';
import type { Container } from '../../src/domain/resources/container.ts';
import type { Incident, Remediation } from '../../src/domain/resources/remediation.ts';
import type { Platform } from './platform.ts';

/** All of what a list says, or its first hundred. */
export async function list<Item>({ api }: Platform, path: string): Promise<Item[]> {
  return (await api.request<{ items: Item[] }>('GET', path, { query: { limit: 100 } })).items;
}

export const membersOf = async (platform: Platform) => (await list<Container>(platform, '/containers')).filter(({ role }) => role === 'site');

export const incidentsOf = async (platform: Platform, cause: string) => (await list<Incident>(platform, '/incidents')).filter((each) => each.cause === cause);
/** All that was decided about it, oldest first. */
export const ledgerOf = async (platform: Platform, incident: Incident) => (await list<Remediation>(platform, `/remediations?incident=${incident.id}`)).reverse();
/** What was done about it: not what was refused, since a judge that is quicker than verdicts says that it waits. */
export const actedOn = async (platform: Platform, incident: Incident) =>
  (await ledgerOf(platform, incident)).filter(({ decision }) => decision === 'acted').map(({ action, result }) => [action, result]);
/** Its story, without what was refused meanwhile. */
export const storyOf = ({ timeline }: Incident) => timeline.map(({ what }) => what).filter((what) => !what.startsWith('refused'));

/** The container that the edge sends a hostname's visitors to, as it says on its own socket. */
export async function chosenAtEdge(platform: Platform, hostname: string): Promise<Container> {
  const edge = (await list<Container>(platform, '/containers')).find(({ role }) => role === 'edge')!;
  const dispatcher = new Agent({ connect: { socketPath: join(platform.local.runDir, edge.id, 'own/probe.sock') } });
  try {
    const { headers, body } = await request('http://edge/', { headers: { host: hostname }, dispatcher });
    await body.dump();
    return (await membersOf(platform)).find(({ address }) => address === headers['x-reeve-container'])!;
  } finally {
    await dispatcher.destroy();
  }
}

export interface Situation {
  readonly containers: readonly unknown[];
  readonly incidents: readonly (Pick<Incident, 'id' | 'subject' | 'cause' | 'state'> & { readonly why: string | null })[];
  readonly remediations: readonly Pick<Remediation, 'id' | 'action' | 'decision' | 'reason'>[];
  /** Runs that do something to a container. */
  readonly ofContainers: readonly string[];
}

/** Which containers there are, in which start of theirs, what is wrong with them, and what was done about it. */
export async function situationOf(platform: Platform): Promise<Situation> {
  const containers = await list<Container>(platform, '/containers');
  const runs = await list<{ id: string; type: string; subject: string }>(platform, '/runs');
  return {
    containers: containers.map(({ id, incarnation, state, wanted, alive }) => ({ id, incarnation, state, wanted, alive })),
    incidents: (await list<Incident>(platform, '/incidents')).map(({ id, subject, cause, state, closedWhy: why }) => ({ id, subject, cause, state, why })),
    remediations: (await list<Remediation>(platform, '/remediations')).map(({ id, action, decision, reason }) => ({ id, action, decision, reason })),
    ofContainers: runs.filter(({ subject }) => subject.startsWith('container:')).map(({ id, type }) => `${type} ${id}`),
  };
}

/** Every file that nginx, the emperor and the sites read, of every container and the edge: its path and a hash. */
export function configurationOf({ local }: Platform): Record<string, string> {
  const found: Record<string, string> = {};
  for (const id of containerIds(local)) {
    const root = join(local.home, 'containers', id);
    found[`${id}/nginx/current`] = readlinkSync(join(root, 'nginx/current'));
    for (const part of ['nginx/current/', 'vassals', 'sites']) Object.assign(found, hashesIn(root, part, id));
  }
  return found;
}

function hashesIn(root: string, part: string, id: string): Record<string, string> {
  const entries = readdirSync(join(root, part), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(entries.map(({ parentPath, name }) => {
    const file = join(parentPath, name);
    return [`${id}/${file.slice(root.length + 1)}`, createHash('sha256').update(readFileSync(file)).digest('hex')];
  }));
}
