import type { hostnameRole } from '../../../domain/resources/common.ts';
import type { HostnameResource } from '../../../domain/resources/hostname.ts';
import type { Why } from '../../../domain/why.ts';
import { path } from '../../address.ts';
import { requireTyped } from '../../form.ts';
import { action, page } from '../../page.ts';
import { part } from '../../parts.ts';
import { saying } from '../../said.ts';
import { siteNames } from '../../subjects.ts';
import { siteAt } from './read.ts';

const ROLES = [
  { value: 'alias', label: 'Alias: served as it is' }, { value: 'primary', label: 'Primary: the one that the others lead to' },
  { value: 'redirect', label: 'Redirect: leads to the primary one' },
] satisfies { value: (typeof hostnameRole.options)[number]; label: string }[];

const bindPage = page({
  path: '/sites/{site}/hostnames/new',
  async handle(view) {
    const { site, base, tabs } = await siteAt(view, 'hostname:bind');
    return { template: 'hostname-new', title: `Bind a hostname to ${site.name}`, data: { site, base, tabs, roles: ROLES } };
  },
});

const bind = action({
  path: '/sites/{site}/hostnames/new', from: bindPage,
  async handle({ routes, params, form }) {
    const { body, run } = await routes.send<HostnameResource>('POST', '/sites/{site}/hostnames', {
      params, body: { hostname: form.hostname ?? '', role: form.role },
    });
    return { redirect: run === undefined ? path`/sites/${body.site}` : path`/runs/${run}` };
  },
});

/** Why it is served as it is; what can be changed of it. */
const hostnamePage = page({
  path: '/hostnames/{hostname}',
  async handle({ routes, params, may }) {
    const hostname = await routes.get<HostnameResource>('/hostnames/{hostname}', { params });
    const [why, names] = await Promise.all([part(routes.get<Why>('/why/{hostname}', { params })), siteNames(routes, [hostname.site])]);
    const on = { site: hostname.site };
    return {
      template: 'hostname', title: hostname.hostname,
      data: {
        hostname, site: { id: hostname.site, name: names.get(hostname.site) ?? hostname.site }, why, roles: ROLES, policies: [{ value: 'allow', label: 'Served on http too' }, { value: 'redirect', label: 'http leads to https' }],
        mayUpdate: may('hostname:update', on), mayUnbind: may('hostname:unbind', on) && hostname.role !== 'primary',
      },
    };
  },
});

/** Sends what was changed alone: a new primary is a run, and takes no `https` beside it. Where both were, its route says so and does neither. */
const update = action({
  path: '/hostnames/{hostname}', from: hostnamePage,
  async handle({ routes, params, form }) {
    const now = await routes.get<HostnameResource>('/hostnames/{hostname}', { params });
    const changed = (['role', 'https'] as const).filter((field) => form[field] !== undefined && form[field] !== now[field]);
    const here = path`/hostnames/${params.hostname!}`;
    if (changed.length === 0) return { redirect: here };
    const { run } = await routes.send<HostnameResource>('PATCH', '/hostnames/{hostname}', {
      params, ifMatch: form.rev ?? '*', body: Object.fromEntries(changed.map((field) => [field, form[field]])),
    });
    return { redirect: run === undefined ? saying('hostname-saved', here) : path`/runs/${run}` };
  },
});

const unbind = action({
  path: '/hostnames/{hostname}/unbind', from: hostnamePage,
  async handle({ routes, params, form }) {
    requireTyped(form, params.hostname!, 'nothing was done: the hostname does not match', { anyCase: true });
    const { body, run } = await routes.send<HostnameResource>('DELETE', '/hostnames/{hostname}', { params, ifMatch: form.rev ?? '*' });
    return { redirect: run === undefined ? path`/sites/${body.site}` : path`/runs/${run}` };
  },
});

export const hostnamePages = [bindPage, bind, hostnamePage, update, unbind];
