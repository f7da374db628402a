import { z } from 'zod';
import { execSchema, loginLinkSchema } from '../../domain/resources/site.ts';
import { sendSiteExec } from '../agents/site-exec.ts';
import { sendSiteLogs } from '../agents/site-logs.ts';
import { makeLoginLink } from '../login-link.ts';
import { route } from '../route.ts';
import { siteParams } from './sites.ts';

const tag = 'Sites';
const flag = z.stringbool({ truthy: ['true', '1', ''], falsy: ['false', '0'] }).default(false);

export const siteAccessRoutes = [
  route({
    method: 'POST', path: '/sites/{site}/login', action: 'site:login', on: 'site', tag, status: 201, shownOnce: true,
    summary: 'Make a link that signs in to the site’s own admin: once, within 15 minutes',
    params: siteParams, answer: loginLinkSchema,
    async handle({ db, deps, params: { site }, actor }) {
      return { body: await makeLoginLink(db, deps.sitesKey, site, actor) };
    },
  }),
  route({
    method: 'GET', path: '/sites/{site}/logs', action: 'site:logs', on: 'site', tag, status: 200, stream: true,
    summary: 'Its requests and what its processes said, from every container',
    params: siteParams, produces: 'application/x-ndjson', answer: z.string(),
    query: z.strictObject({
      since: z.iso.datetime({ offset: true }).optional(),
      follow: flag.meta({ description: 'Go on with what comes' }),
      errors: flag.meta({ description: 'Only failed requests and what the processes said' }),
    }),
    async handle({ deps, params: { site }, query, response }) {
      await sendSiteLogs(deps, site, query, response);
      return {};
    },
  }),
  route({
    method: 'POST', path: '/sites/{site}/exec', action: 'site:exec', on: 'site', tag, status: 200, stream: true, bodyLimit: '12mb',
    summary: 'Run a command with its environment, in a container',
    description: 'Lines `{stream, data}`, data in base64, and at last `{exit}`. A word that is no program is a management command.',
    params: siteParams, body: execSchema, produces: 'application/x-ndjson', answer: z.string(),
    async handle({ deps, params: { site }, body, actor, response }) {
      await sendSiteExec(deps, site, body, actor, response);
      return {};
    },
  }),
];
