/** A page of the matrix: hostnames by name, each whole. */
import type { Page as List } from '../../../domain/resources/common.ts';
import type { Health } from '../../../domain/resources/health.ts';
import type { HostnameResource } from '../../../domain/resources/hostname.ts';
import type { Site } from '../../../domain/resources/site.ts';
import { columnsOf } from '../../columns.ts';
import { everyPageOf, pagingOf } from '../../parts.ts';
import type { View } from '../../page.ts';
import { grouped } from '../../words.ts';
import { containersIn, matrixOf, rowsFor } from './matrix.ts';

/**
 * What a page holds is decided by hostname, never by pair: a list of pairs that ends somewhere would show the rest as
 * not probed. @throws ReeveError as the routes do
 */
export async function readMatrix({ routes, query }: View, site: Site, base: string) {
  const [search, sort] = [query.find?.trim(), query.sort ?? 'hostname'];
  const pairs = await routes.get<List<Health>>('/health', { query: { site: site.id, limit: 200 } });
  const hostnames = await routes.get<List<HostnameResource>>('/hostnames', {
    query: { site: site.id, search, sort, cursor: query.cursor, limit: rowsFor(containersIn(pairs.items).length) },
  });
  const names = hostnames.items.map(({ hostname }) => hostname);
  const health = pairs.next === null || names.length === 0 ? pairs.items
    : await everyPageOf<Health>(routes, '/health', { site: site.id, hostnames: names.join(',') });
  const all = site.hostnames.length;
  return {
    ...matrixOf(hostnames.items, health), search, head: columnsOf(base, query, sort, [{ label: 'Hostname', by: 'hostname' }])[0], filtered: Boolean(search), isLong: all > names.length,
    paging: { ...pagingOf(base, query, hostnames), text: `${grouped(names.length)} of ${grouped(all)} hostnames, by name` },
  };
}
