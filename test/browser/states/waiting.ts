/** What a page shows while it waits for something, or does not get it. */
import type { Page, Route } from 'playwright-core';
import type { Example } from '../example/index.ts';
import { seenBy, type State } from './state.ts';

/** Never answered, as long as the page is there. */
const hold = () => {};
const cut = (route: Route) => route.abort();
/** A chart asks again where the colours change. */
const EACH_SCHEME = { times: 2 };

export function statesOfWaiting({ api, people, sites }: Example): State[] {
  const owner = seenBy(api.url, people.owner);
  const [site, logs] = [`/sites/${sites.garden}`, `/sites/${sites.garden}/logs`];
  const asked = (what: string, answer: (route: Route) => unknown, path: string, words: string) => async (page: Page) => {
    await page.route(what, answer, EACH_SCHEME);
    await page.goto(path);
    await page.getByText(words).filter({ visible: true }).first().waitFor();
  };
  return [
    owner('chart-loading', asked('**/latency.json*', hold, site, 'Loading the chart…')), owner('chart-away', asked('**/latency.json*', cut, site, 'cannot be loaded now')),
    owner('logs-connecting', asked('**/logs?follow*', hold, logs, 'Connecting…')), owner('logs-away', asked('**/logs?follow*', cut, logs, 'Not following')),
    owner('not-live', asked('**/stream', cut, '/sites', 'Not live')),
    owner('list-loading', async (page) => {
      await page.goto('/sites');
      await page.route('**/sites?q=*', hold, { times: 1 });
      await page.getByPlaceholder('Name, hostname or id').fill('gar');
      await page.locator('#list[aria-busy=true]').waitFor();
    }),
  ];
}
