import { z } from 'zod';
import { acknowledgeIncident } from '../../database/incidents.ts';
import { within } from '../../database/pool.ts';
import { listIncidents, listRemediations, readIncident } from '../../database/read/incidents.ts';
import { decodeCursor, pageFrom } from '../../database/read/page.ts';
import { pageOf, pageQuery } from '../../domain/resources/common.ts';
import { acknowledgeSchema, incidentOrder, incidentSchema, remediationOrder, remediationSchema } from '../../domain/resources/remediation.ts';
import { route } from '../route.ts';

const tag = 'Incidents';
const params = z.strictObject({ incident: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) });
const container = z.string().max(64).optional();

export const incidentRoutes = [
  route({
    method: 'GET', path: '/incidents', action: 'incident:read', on: 'any', tag, summary: 'Problems, newest first unless asked otherwise', status: 200,
    query: z.strictObject({
      ...pageQuery, container, site: z.string().max(64).optional().meta({ description: 'Its id or name' }), subject: z.string().max(300).optional(),
      state: z.enum(['open', 'closed']).optional().meta({ description: 'open: acknowledged ones too, since they are not over' }),
      severity: incidentSchema.shape.severity.optional(),
      sort: incidentOrder.default('-opened'),
    }),
    answer: pageOf(incidentSchema, 'Incident'),
    async handle({ db, sites, query: { limit, cursor, ...filter } }) {
      const [after] = decodeCursor<[number]>(cursor, 'number') ?? [];
      return { body: pageFrom(await listIncidents(db, { ...filter, sites, limit, after }), limit, (each) => [each.id]) };
    },
  }),
  route({
    method: 'GET', path: '/incidents/{incident}', action: 'incident:read', on: 'incident', tag, summary: 'One of them, with its evidence and its story', status: 200,
    params, answer: incidentSchema,
    handle: async ({ db, params: { incident } }) => ({ body: await readIncident(db, incident) }),
  }),
  route({
    method: 'POST', path: '/incidents/{incident}/acknowledge', action: 'incident:acknowledge', on: 'incident', tag, status: 200,
    summary: 'Say that you look after it; it stays open until it is over',
    params, body: acknowledgeSchema, bodyOptional: true, answer: incidentSchema,
    handle: ({ db, params: { incident }, body, actor }) => within(db, async (db) => {
      await acknowledgeIncident(db, incident, actor, body?.note);
      return { body: await readIncident(db, incident) };
    }),
  }),
  route({
    method: 'GET', path: '/remediations', action: 'remediation:read', on: 'any', tag, status: 200,
    summary: 'Every decision about an incident, newest first unless asked otherwise; also the ones not to act, with the reason',
    query: z.strictObject({ ...pageQuery, container, incident: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional(), sort: remediationOrder.default('-at') }),
    answer: pageOf(remediationSchema, 'Remediation'),
    async handle({ db, sites, query: { limit, cursor, ...filter } }) {
      const [after] = decodeCursor<[number]>(cursor, 'number') ?? [];
      return { body: pageFrom(await listRemediations(db, { ...filter, sites, limit, after }), limit, (each) => [each.id]) };
    },
  }),
];
