import type { Page as List } from '../../domain/resources/common.ts';
import { type DatabaseServer, type Release, releaseSchema } from '../../domain/resources/release.ts';
import { path } from '../address.ts';
import { type Column, columnsOf } from '../columns.ts';
import { typed } from '../form.ts';
import { action, page } from '../page.ts';
import { choices, everyPageOf, pagingOf, part } from '../parts.ts';
import { spaced } from '../words.ts';

const COLUMNS: readonly Column[] = [
  { label: 'Release' }, { label: 'Codebase', by: 'codebase' }, { label: 'State' }, { label: 'Sites', by: 'sites', down: true, right: true }, { label: 'From', wide: true },
  { label: 'Prepared', by: 'created', down: true, wide: true },
];

const SERVER_COLUMNS: readonly Column[] = [
  { label: 'Server', by: 'id' }, { label: 'Address' }, { label: 'Sites', by: 'sites', down: true, right: true }, { label: 'Connections given' },
];

const list = page({
  path: '/releases',
  async handle({ routes, query, may }) {
    const { q, phase, sort = '-created', servers: serverSort = 'id', cursor } = query;
    const [releases, servers] = await Promise.all([
      routes.get<List<Release>>('/releases', { query: { search: q?.trim(), phase, sort, cursor } }),
      may('database-server:read') ? part(everyPageOf<DatabaseServer>(routes, '/database-servers', { sort: serverSort })) : null,
    ]);
    return {
      template: 'releases', title: 'Releases and databases',
      data: {
        releases: releases.items, q, sort, filtered: Boolean(q || phase), columns: columnsOf('/releases', query, sort, COLUMNS),
        phases: choices('Any state', releaseSchema.shape.phase.options, spaced, phase), paging: pagingOf('/releases', query, releases), mayPrepare: may('release:create'),
        servers: servers?.ok ? { ok: true, value: servers.value.map(withShare) } : servers,
        serverSort, serverColumns: columnsOf('/releases', query, serverSort, SERVER_COLUMNS, 'servers'),
      },
    };
  },
});

const withShare = (server: DatabaseServer) => ({ ...server, share: server.usableConnections === null ? null : server.connections / server.usableConnections });

const prepare = action({
  path: '/releases', from: list,
  async handle({ routes, form }) {
    const codebase = typed(form.codebase);
    const { body, run } = await routes.send<Release>('POST', '/releases', { body: { source: typed(form.source) ?? '', ...(codebase === undefined ? {} : { codebase }) } });
    return { redirect: path`/runs/${run ?? body.run!.id}` };
  },
});

export const releasePages = [list, prepare];
