import type { Page as List } from '../../domain/resources/common.ts';
import { type Site, siteState } from '../../domain/resources/site.ts';
import { type Column, columnsOf } from '../columns.ts';
import { page } from '../page.ts';
import { choices, pagingOf } from '../parts.ts';
import { spaced } from '../words.ts';

const COLUMNS: readonly Column[] = [
  { label: 'Site', by: 'name' }, { label: 'Status' }, { label: 'Hostnames' }, { label: 'Release', wide: true }, { label: 'Created', by: 'created', wide: true, down: true },
];

/** Search, filter, order and page are in the address. `q` is what the header's search sends. */
const sites = page({
  path: '/sites',
  async handle({ routes, query, may }) {
    const { q, state, sort = 'name', cursor } = query;
    const list = await routes.get<List<Site>>('/sites', { query: { search: q?.trim(), state, sort, cursor } });
    return {
      template: 'sites', title: 'Sites',
      data: {
        sites: list.items, q, sort, filtered: Boolean(q || state), columns: columnsOf('/sites', query, sort, COLUMNS), paging: pagingOf('/sites', query, list),
        states: choices('Any status', siteState.options, spaced, state), mayCreate: may('site:create'),
      },
    };
  },
});

export const sitesPages = [sites];
