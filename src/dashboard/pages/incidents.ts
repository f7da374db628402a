import { z } from 'zod';
import type { Page as List } from '../../domain/resources/common.ts';
import type { Approval } from '../../domain/resources/record.ts';
import { type Incident, incidentSchema, type Remediation } from '../../domain/resources/remediation.ts';
import type { Run } from '../../domain/resources/run.ts';
import { path } from '../address.ts';
import { type Column, columnsOf } from '../columns.ts';
import { typed } from '../form.ts';
import { action, page } from '../page.ts';
import { choices, pagingOf, part } from '../parts.ts';
import { saying } from '../said.ts';
import { sentenceOf, type SiteNames, siteNames, subjectOf, withNames } from '../subjects.ts';
import { spaced } from '../words.ts';

const COLUMNS: readonly Column[] = [
  { label: 'Incident' }, { label: 'About' }, { label: 'State' }, { label: 'Severity', wide: true }, { label: 'Since', by: 'opened', down: true, wide: true },
  { label: 'Lasted', wide: true, right: true },
];

const list = page({
  path: '/incidents',
  async handle({ routes, query }) {
    const { state, severity, sort = '-opened', cursor } = query;
    const [site, container] = [typed(query.site), typed(query.container)];
    const incidents = await routes.get<List<Incident>>('/incidents', { query: { state, severity, site, container, sort, cursor } });
    const names = await siteNames(routes, incidents.items.map((each) => each.site));
    return {
      template: 'incidents', title: 'Incidents',
      data: {
        incidents: incidents.items.map((each) => ({ ...each, title: sentenceOf(each.title, names), about: subjectOf(each.subject, names) })),
        filtered: Boolean(state || severity || site || container), site, container, sort, columns: columnsOf('/incidents', query, sort, COLUMNS),
        states: choices('Open and over', [['open', 'Open'], ['closed', 'Over']], spaced, state),
        severities: choices('Any severity', incidentSchema.shape.severity.options, spaced, severity), paging: pagingOf('/incidents', query, incidents),
      },
    };
  },
});

const one = page({
  path: '/incidents/{incident}',
  async handle({ routes, params, query, may }) {
    const incident = await routes.get<Incident>('/incidents/{incident}', { params: { incident: params.incident! } });
    const [decisions, waiting, names] = await Promise.all([
      part(routes.get<List<Remediation>>('/remediations', { query: { incident: incident.id, cursor: query.cursor } })),
      part(routes.get<List<Approval>>('/approvals', { query: { state: 'pending', incident: incident.id, limit: 1 } })), siteNames(routes, [incident.site, ...sitesIn(incident.evidence)]),
    ]);
    const runs = decisions.ok ? await runsOf(decisions.value.items, (run) => part(routes.get<Run>('/runs/{run}', { params: { run } }))) : [];
    return {
      template: 'incident', title: sentenceOf(incident.title, names),
      data: {
        incident: { ...incident, title: sentenceOf(incident.title, names), cause: incident.cause.split(':')[0]! }, about: subjectOf(incident.subject, names), site: incident.site && { id: incident.site, name: names.get(incident.site) ?? incident.site },
        facts: factsOf(incident.evidence, names), texts: textsOf(incident.evidence, names), decisions: decisions.ok ? { ok: true, value: { items: decisions.value.items.map((each) => ({ ...each, reason: withNames(each.reason, names) })) } } : decisions, runs,
        paging: decisions.ok ? pagingOf(path`/incidents/${incident.id}`, query, decisions.value) : null,
        approval: waiting.ok ? waiting.value.items[0] ?? null : null,
        mayAcknowledge: incident.state === 'open' && may('incident:acknowledge', incident.site === null ? {} : { site: incident.site }),
        mayReplace: incident.container !== null && incident.state !== 'closed' && may('container:replace'),
      },
    };
  },
});

const acknowledge = action({
  path: '/incidents/{incident}/acknowledge', from: one,
  async handle({ routes, params, form }) {
    const note = typed(form.note);
    await routes.send('POST', '/incidents/{incident}/acknowledge', { params: { incident: params.incident! }, body: note === undefined ? {} : { note } });
    return { redirect: saying('acknowledged', path`/incidents/${params.incident!}`) };
  },
});

/** The runs that decisions led to, each once, with where to watch them. */
async function runsOf(decisions: readonly Remediation[], read: (run: string) => ReturnType<typeof part<Run>>) {
  const ids = [...new Set(decisions.flatMap(({ run }) => (run ? [run.id] : [])))].slice(0, 5);
  return (await Promise.all(ids.map(read))).flatMap((each) => (each.ok ? [each.value] : []));
}

const plain = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** What is short is a fact in a list; words are joined, sentences have a line each. */
function factsOf(evidence: Incident['evidence'], names: SiteNames) {
  return Object.entries(evidence).flatMap(([name, value]) => {
    if (isLong(value)) return [];
    const shown = name === 'sites' ? sitesIn(evidence).map((id) => names.get(id) ?? id) : value;
    return [{ label: spaced(name), value: Array.isArray(shown) ? shown.join(shown.some((each) => String(each).includes(' ')) ? '\n' : ', ') || 'none' : String(shown ?? '–') }];
  });
}

const sitesIn = ({ sites }: Incident['evidence']): string[] => z.array(z.string()).catch([]).parse(sites);

/** What a site's log said where it failed. */
const excerpt = z.object({ container: z.string(), site: z.string(), text: z.string() });

/** What is long, as it is: a traceback, lines of a log, a table. */
function textsOf(evidence: Incident['evidence'], names: SiteNames) {
  return Object.entries(evidence).filter(([, value]) => isLong(value)).map(([name, value]) => {
    const { data } = excerpt.safeParse(value);
    if (data) return { label: `${spaced(name)} of ${names.get(data.site) ?? data.site} in ${data.container}`, text: data.text };
    return { label: spaced(name), text: typeof value === 'string' ? value : JSON.stringify(value, null, 2) };
  });
}

function isLong(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\n') || value.length > 200;
  if (Array.isArray(value)) return value.length > 12 || !value.every((each) => plain.safeParse(each).success);
  return !plain.safeParse(value).success;
}

export const incidentPages = [list, one, acknowledge];
