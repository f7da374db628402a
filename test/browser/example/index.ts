/**
 * A platform as it looks after some weeks, for pictures and for walking all pages: made by the functions that the API,
 * the control worker, the agents and the judge use. What those would take weeks for is dated back at the end.
 */
import { startAgents } from './agents.ts';
import { makeChannel } from './channel.ts';
import { type Control, makeControl } from './control.ts';
import { dateBack } from './date-back.ts';
import { makeContainers } from './containers.ts';
import { makeHealth } from './health.ts';
import { makeIncidents } from './incidents.ts';
import { makePeople, type People } from './people.ts';
import { makeSites, type Sites } from './sites.ts';
import { startApi, type TestApi } from '../../api/harness.ts';

export interface Example {
  readonly api: TestApi;
  readonly people: People;
  readonly sites: Sites;
  /** For each parameter of a page's path something that is there. */
  readonly values: Readonly<Record<string, string>>;
  /** One more line of the site's own log. */
  writeLine(site: string, line: string): void;
  close(): Promise<void>;
}

export async function startExample(): Promise<Example> {
  const control: Control = makeControl(() => api.database.pool);
  const api: TestApi = await startApi({ startRun: control.startRun });
  const close = () => control.idle().finally(() => api.close());
  try {
    return await fill(api, control, close);
  } catch (error) {
    // Half made and open it would keep its test file until that is ended.
    await close();
    throw error;
  }
}

async function fill(api: TestApi, control: Control, close: () => Promise<void>): Promise<Example> {
  const people = await makePeople(api);
  const sites = await makeSites(api, people, control);
  const containers = await makeContainers(api, sites);
  await makeHealth(api, sites, containers);
  const channel = await makeChannel(people);
  const { incident, approval } = await makeIncidents(api, sites, containers, people);
  await dateBack(api);
  const agents = await startAgents(api, sites, containers);
  return {
    api, people, sites, writeLine: agents.writeLine,
    values: {
      site: sites.garden, hostname: 'www.garden-club.org', run: control.going(), act: 'suspend', container: containers.failing, verb: 'replace',
      incident: String(incident), approval, kind: 'webhook', channel, user: people.editor.id, team: people.team, token: people.token, role: people.role,
    },
    close: () => close().finally(() => agents.close()),
  };
}
