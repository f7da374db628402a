import { z } from 'zod';
import { listHostnames, readHostname } from '../../database/read/hostnames.ts';
import { lastOf, orderedPage } from '../../database/read/page.ts';
import { requestBindHostname } from '../../database/requests/bind-hostname.ts';
import { requestUnbindHostname } from '../../database/requests/unbind-hostname.ts';
import { updateHostname } from '../../database/requests/update-hostname.ts';
import { normalizeHostname } from '../../domain/hostname.ts';
import { pageOf, pageQuery } from '../../domain/resources/common.ts';
import { bindHostnameSchema, hostnameOrder, hostnameSchema, updateHostnameSchema } from '../../domain/resources/hostname.ts';
import { route } from '../route.ts';
import { siteParams } from './sites.ts';

const tag = 'Hostnames';

/** In any form that people type; what is none is not found, like any name that nobody has. */
export const hostnameParams = z.strictObject({
  hostname: z.string().min(1).max(1000).transform((text) => {
    const parsed = normalizeHostname(text);
    return parsed.ok ? (parsed.hostname as string) : text;
  }),
});

export const hostnameRoutes = [
  route({
    method: 'GET', path: '/hostnames', action: 'hostname:read', on: 'any', tag, summary: 'List the hostnames, by name unless asked otherwise', status: 200,
    query: z.strictObject({
      ...pageQuery, site: z.string().max(64).optional(), search: z.string().trim().max(253).optional().meta({ description: 'In its name' }),
      sort: hostnameOrder.default('hostname'),
    }),
    answer: pageOf(hostnameSchema, 'Hostname'),
    async handle({ db, sites, seenSite, query: { limit, cursor, site, ...filter } }) {
      const rows = await listHostnames(db, { ...filter, limit, after: lastOf(cursor), sites, site: site === undefined ? undefined : await seenSite(site) });
      return { body: orderedPage(rows, limit, (row) => row.hostname, ({ hostname }) => hostname) };
    },
  }),
  route({
    method: 'GET', path: '/sites/{site}/hostnames', action: 'hostname:read', on: 'site', tag, summary: 'A site’s hostnames', status: 200,
    params: siteParams, query: z.strictObject({ ...pageQuery, sort: hostnameOrder.default('hostname') }), answer: pageOf(hostnameSchema, 'Hostname'),
    async handle({ db, params: { site }, query: { limit, cursor, sort } }) {
      const rows = await listHostnames(db, { limit, after: lastOf(cursor), site, sort });
      return { body: orderedPage(rows, limit, (row) => row.hostname, ({ hostname }) => hostname) };
    },
  }),
  route({
    method: 'POST', path: '/sites/{site}/hostnames', action: 'hostname:bind', on: 'site', tag, summary: 'Bind a hostname to a site', status: 202,
    params: siteParams, body: bindHostnameSchema, answer: hostnameSchema,
    async handle({ db, params: { site }, body, asking }) {
      const { run, hostname } = await requestBindHostname(asking(), site, body);
      const bound = await readHostname(db, hostname);
      return { body: bound, etag: bound.rev, run };
    },
  }),
  route({
    method: 'GET', path: '/hostnames/{hostname}', action: 'hostname:read', on: 'hostname', tag, summary: 'One hostname', status: 200,
    params: hostnameParams, answer: hostnameSchema,
    async handle({ db, params }) {
      const hostname = await readHostname(db, params.hostname);
      return { body: hostname, etag: hostname.rev };
    },
  }),
  route({
    method: 'PATCH', path: '/hostnames/{hostname}', action: 'hostname:update', on: 'hostname', tag, status: 200, orStatus: 202,
    summary: 'Change its role, or what visitors without TLS get',
    description: 'A new primary is a run and answers 202; the old primary becomes an alias when it is published.',
    params: hostnameParams, body: updateHostnameSchema, answer: hostnameSchema, ifMatch: true,
    async handle({ db, params, body, asking }) {
      const { run } = await updateHostname(asking(), params.hostname, body);
      const hostname = await readHostname(db, params.hostname);
      return { body: hostname, etag: hostname.rev, ...(run === null ? {} : { run, status: 202 }) };
    },
  }),
  route({
    method: 'DELETE', path: '/hostnames/{hostname}', action: 'hostname:unbind', on: 'hostname', tag, summary: 'Unbind it', status: 202,
    params: hostnameParams, answer: hostnameSchema, ifMatch: true,
    async handle({ db, params, asking }) {
      const { run } = await requestUnbindHostname(asking(), params.hostname);
      const hostname = await readHostname(db, params.hostname);
      return { body: hostname, etag: hostname.rev, run };
    },
  }),
];
