import { action, page } from '../../page.ts';
import { saying } from '../../said.ts';
import { siteAt } from './read.ts';

/** Names alone are shown: a value goes in, and never comes out again. */
const environmentPage = page({
  path: '/sites/{site}/environment',
  async handle(view) {
    const { site, base, tabs, allowed } = await siteAt(view);
    const { items, rev } = await view.routes.get<{ items: { name: string }[]; rev: number }>('/sites/{site}/env', { params: { site: site.id } });
    return { template: 'site-environment', title: `${site.name}: environment`, data: { site, base, tabs, variables: items, rev, mayWrite: allowed('env:write') } };
  },
});

const set = action({
  path: '/sites/{site}/environment', from: environmentPage,
  async handle({ routes, params, form }) {
    await routes.send('PUT', '/sites/{site}/env', { params: { site: params.site! }, body: { [form.name ?? '']: form.value ?? '' } });
    return { redirect: saying('env-set', `/sites/${encodeURIComponent(params.site!)}/environment`) };
  },
});

const unset = action({
  path: '/sites/{site}/environment/unset', from: environmentPage,
  async handle({ routes, params, form }) {
    await routes.send('DELETE', '/sites/{site}/env', { params: { site: params.site! }, query: { names: form.name ?? '' } });
    return { redirect: saying('env-unset', `/sites/${encodeURIComponent(params.site!)}/environment`) };
  },
});

export const environmentPages = [environmentPage, set, unset];
