import { whySchema } from '../../domain/resources/why.ts';
import { explain } from '../../domain/why.ts';
import { route } from '../route.ts';
import { whyFacts } from '../why/facts.ts';
import { hostnameParams } from './hostnames.ts';

export const whyRoutes = [
  route({
    method: 'GET', path: '/why/{hostname}', action: 'hostname:read', on: 'any', tag: 'Hostnames', status: 200,
    summary: 'Why a hostname is served as it is, from its name to its database, and what to do next',
    description: 'Asks its containers and its database as they are now, each for 3 s at most; what does not answer is unknown.',
    params: hostnameParams, answer: whySchema,
    async handle({ deps, db, sites, seen, params: { hostname } }) {
      if (sites !== undefined) await seen('hostname', hostname);
      const facts = await whyFacts({ db, sitesKey: deps.sitesKey, hostname });
      return { body: explain(facts) };
    },
  }),
];
