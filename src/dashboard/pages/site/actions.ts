import { ReeveError } from '../../../domain/errors.ts';
import type { Site } from '../../../domain/resources/site.ts';
import { path } from '../../address.ts';
import { requireTyped } from '../../form.ts';
import { action, page } from '../../page.ts';
import { releaseChoices } from '../../release-choices.ts';
import { type Act, actNamed, actsFor } from './acts.ts';
import { siteAt } from './read.ts';

const actionsPage = page({
  path: '/sites/{site}/actions',
  async handle(view) {
    const { site, base, tabs, allowed } = await siteAt(view);
    const acts = actsFor(site).filter((act) => allowed(act.action));
    return { template: 'site-actions', title: `${site.name}: actions`, data: { site, base, tabs, acts, mayLogin: allowed('site:login') && site.status !== 'deleted' } };
  },
});

/** Says what will happen, and asks once more. */
const confirmPage = page({
  path: '/sites/{site}/actions/{act}',
  async handle(view) {
    const act = actOf(view.params.act);
    const { site, base, tabs } = await siteAt(view, act.action);
    const releases = act.verb === 'upgrade' ? await releaseChoices(view.routes, site.release) : null;
    return {
      template: 'site-act', title: `${act.title}: ${site.name}`,
      data: { site, base, tabs, act, possible: act.from.includes(site.status), releases },
    };
  },
});

const doIt = action({
  path: '/sites/{site}/actions/{act}', from: confirmPage,
  async handle({ routes, params, form }) {
    const act = actOf(params.act);
    const site = await routes.get<Site>('/sites/{site}', { params: { site: params.site! } });
    if (act.danger) requireTyped(form, site.name, 'nothing was done: the name does not match');
    const { run } = await routes.send(act.method, act.route, {
      params: { site: site.id }, ...(act.method === 'DELETE' ? { ifMatch: form.rev ?? '*' } : {}),
      ...(act.verb === 'upgrade' ? { body: { release: form.release ?? '' } } : {}),
    });
    return { redirect: run === undefined ? path`/sites/${site.id}` : path`/runs/${run}` };
  },
});

/** A link into the site's own admin. It is shown once, and kept nowhere: so this form does not end in a redirect. */
const login = action({
  path: '/sites/{site}/login', from: actionsPage,
  async handle(view) {
    const { site, base, tabs } = await siteAt(view);
    const { body } = await view.routes.send<{ url: string; expiresAt: string }>('POST', '/sites/{site}/login', { params: { site: site.id } });
    return { template: 'site-login', title: `${site.name}: sign-in link`, data: { site, base, tabs, link: body } };
  },
});

/** @throws ReeveError `not-found` */
function actOf(verb: string | undefined): Act {
  const act = actNamed(verb ?? '');
  if (!act) throw new ReeveError('not-found', 'there is no such action');
  return act;
}

export const actionPages = [actionsPage, confirmPage, doIt, login];
