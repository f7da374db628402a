import { readSite } from '../../database/read/sites.ts';
import type { Asking } from '../../database/requests/asking.ts';
import {
  type Requested, requestDeleteSite, requestRestoreSite, requestResumeSite, requestRotateSecrets, requestSuspendSite, requestUpgradeSite,
} from '../../database/requests/site-life.ts';
import type { Action } from '../../domain/permission.ts';
import { siteSchema, upgradeSiteSchema } from '../../domain/resources/site.ts';
import { askPurge, orAsk } from '../ask-approval.ts';
import type { Call, Reply } from '../route.ts';
import { route } from '../route.ts';
import { siteParams } from './sites.ts';

const tag = 'Sites';

type SiteCall = Pick<Call<{ site: string }, unknown, unknown>, 'db' | 'params' | 'asking'>;

/** Each answers alike: the site, with the run that was requested for it. */
async function asked({ db, params: { site: id }, asking }: SiteCall, ask: (asking: Asking, site: string) => Promise<Requested>): Promise<Reply> {
  const { run } = await ask(asking(), id);
  const site = await readSite(db, id);
  return { body: site, etag: site.rev, run };
}

const plain = (verb: string, action: Action, summary: string, ask: (asking: Asking, site: string) => Promise<Requested>) =>
  route({
    method: 'POST', path: `/sites/{site}/${verb}`, action, on: 'site', tag, summary, status: 202, params: siteParams, answer: siteSchema,
    handle: (call) => asked(call, ask),
  });

export const siteLifeRoutes = [
  plain('suspend', 'site:suspend', 'Show the maintenance page instead of it', requestSuspendSite),
  plain('resume', 'site:resume', 'Serve it again', requestResumeSite),
  plain('rotate-secrets', 'site:rotate-secrets', 'Give it another database password and other keys', requestRotateSecrets),
  plain('restore', 'site:restore', 'Bring it back from deletion', requestRestoreSite),
  route({
    method: 'POST', path: '/sites/{site}/upgrade', action: 'site:upgrade', on: 'site', tag, summary: 'Move it to another release', status: 202,
    params: siteParams, body: upgradeSiteSchema, answer: siteSchema,
    handle: (call) => asked(call, (asking, site) => requestUpgradeSite(asking, site, call.body.release)),
  }),
  route({
    method: 'DELETE', path: '/sites/{site}', action: 'site:delete', on: 'site', tag, status: 202,
    summary: 'Stop serving it and lock its data; for 7 days it can be restored',
    description: 'Deleting more than a tenth of the sites (and more than ten) within an hour answers 409 with an approval that it waits for.',
    params: siteParams, answer: siteSchema, ifMatch: true,
    handle: (call) => asked(call, (asking, site) => orAsk(
      { kind: 'removal', subject: `site:${site}`, by: call.actor, request: { type: 'deleteSite', input: { site } } }, () => requestDeleteSite(asking, site))),
  }),
  route({
    method: 'POST', path: '/sites/{site}/purge', action: 'site:purge', on: 'site', tag, status: 202,
    summary: 'Drop a deleted site’s database and files for good',
    description: 'Where a second person could approve it, it answers 409 with the approval that it waits for.',
    params: siteParams, answer: siteSchema,
    handle: (call) => asked(call, (_asking, site) => askPurge(call, site)),
  }),
];
