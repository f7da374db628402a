import { CHECK_MS } from '../../../api/routes/integrity.ts';
import type { Container } from '../../../domain/resources/container.ts';
import type { ContainerDrift } from '../../../domain/resources/drift.ts';
import { path } from '../../address.ts';
import { columnsOf } from '../../columns.ts';
import { page } from '../../page.ts';
import { pagingOf, part } from '../../parts.ts';
import { linesOf } from './diff.ts';

/** The container is asked as it is now, so this page takes as long as its answer. */
export const driftPage = page({
  path: '/containers/{container}/drift', longestMs: CHECK_MS,
  async handle({ routes, params, query, may }) {
    // First whether there is one: that it cannot be asked now is a part that is broken, that there is none is not.
    const { id } = await routes.get<Container>('/containers/{container}', { params: { container: params.container! } });
    const asked = await part(routes.get<ContainerDrift>('/containers/{container}/drift', { params: { container: id }, query: { cursor: query.cursor, sort: query.sort, limit: 30 } }));
    const base = path`/containers/${id}`;
    return {
      template: 'container-drift', title: `Drift of ${id}`,
      data: {
        id, base, ...(asked.ok ? compared(asked.value, base, query) : { problem: asked.problem }),
        mayCheck: may('container:check'), mayRegenerate: may('container:regenerate'),
      },
    };
  },
});

const compared = (drift: ContainerDrift, base: string, query: Readonly<Record<string, string>>) => ({
  // Not `now`: each page has that, and it is the time.
  asked: { ...drift.now, drift: drift.now.drift.map(shown) }, last: drift.last, found: drift.items.map(shown), paging: pagingOf(`${base}/drift`, query, drift),
  order: columnsOf(`${base}/drift`, query, query.sort ?? '-at', [{ label: 'Found', by: 'at', down: true }])[0],
});

const shown = <Entry extends { diff: string | null }>(entry: Entry) => ({ ...entry, lines: entry.diff === null ? null : linesOf(entry.diff) });
