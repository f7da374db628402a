/** What changed, and who changed it. */
import type { Page as List } from '../../domain/resources/common.ts';
import type { AuditEntry, AuditVerdict, Event } from '../../domain/resources/record.ts';
import { siteOfSubject } from '../../domain/subject.ts';
import { VERIFY_MS } from '../../api/routes/audit.ts';
import { address } from '../address.ts';
import { type Column, columnsOf } from '../columns.ts';
import { typed } from '../form.ts';
import { page } from '../page.ts';
import { orNone, pagingOf, part } from '../parts.ts';
import { siteNames, subjectOf } from '../subjects.ts';

const tabsOf = (current: string, mayAudit: boolean) => [
  { href: '/events', label: 'Events' }, ...(mayAudit ? [{ href: '/audit', label: 'Audit' }] : []),
].map((tab) => ({ ...tab, current: tab.href === current }));

const EVENTS: readonly Column[] = [{ label: 'Generation', by: 'id', down: true }, { label: 'What' }, { label: 'About' }, { label: 'By' }, { label: 'When', wide: true }];

const events = page({
  path: '/events',
  async handle({ routes, query, may }) {
    const [type, site, sort] = [typed(query.type), typed(query.site), query.sort ?? '-id'];
    const list = await orNone(routes.get<List<Event>>('/events', { query: { sort, type, site, cursor: query.cursor } }));
    const names = await siteNames(routes, list.items.map(({ metadata }) => textIn(metadata, 'site')));
    return {
      template: 'events', title: 'Events',
      data: {
        events: list.items.map((event) => ({ ...event, about: aboutOf(event, names), run: textIn(event.metadata, 'run') })),
        type, site, sort, filtered: Boolean(type || site), columns: columnsOf('/events', query, sort, EVENTS),
        tabs: tabsOf('/events', may('audit:read')), paging: pagingOf('/events', query, list),
      },
    };
  },
});

const AUDIT: readonly Column[] = [
  { label: 'When', by: 'at', down: true }, { label: 'Who' }, { label: 'What' }, { label: 'About' }, { label: 'Before and after', wide: true },
];

const audit = page({
  path: '/audit',
  async handle({ routes, query, may }) {
    const filter = { subject: typed(query.subject), action: typed(query.action), actor: typed(query.actor), site: typed(query.site), run: typed(query.run), from: dayOf(query.from), to: dayAfter(query.to) };
    const sort = query.sort ?? '-at';
    const list = await orNone(routes.get<List<AuditEntry>>('/audit', { query: { ...filter, sort, cursor: query.cursor } }));
    const names = await siteNames(routes, list.items.map(({ subject }) => siteOfSubject(subject)));
    const exported = (format: string, label: string) => ({ label, href: address('/api/v1/audit/export', { ...filter, format }) });
    return {
      template: 'audit', title: 'Audit',
      data: {
        entries: list.items.map((entry) => ({ ...entry, about: subjectOf(entry.subject, names), who: entry.actor.user ?? entry.actor.id })),
        filtered: Object.values(filter).some((value) => value !== undefined), given: query, sort, columns: columnsOf('/audit', query, sort, AUDIT), tabs: tabsOf('/audit', true), paging: pagingOf('/audit', query, list),
        mayVerify: may('audit:read'),
        exports: [exported('csv', 'CSV'), exported('ndjson', 'JSON lines')],
      },
    };
  },
});

/** A page of its own, which nothing loads again by itself: the whole chain is computed each time. */
const verify = page({
  path: '/audit/verify', longestMs: VERIFY_MS,
  async handle({ routes, query, must }) {
    must('audit:read');
    const head = typed(query.head);
    return {
      template: 'audit-verify', title: 'Verify the audit',
      data: { given: head, verified: await part(routes.get<AuditVerdict>('/audit/verify', { query: { head } })), tabs: tabsOf('/audit', true) },
    };
  },
});

const textIn = (metadata: Event['metadata'], name: string): string | null => (typeof metadata[name] === 'string' ? metadata[name] : null);

/** The narrowest thing that an event names. */
function aboutOf({ metadata }: Event, names: ReadonlyMap<string, string>) {
  for (const kind of ['hostname', 'site', 'container', 'release'] as const) {
    const id = textIn(metadata, kind);
    if (id !== null) return subjectOf(`${kind}:${id}`, names);
  }
  return null;
}

/** A day as a date field gives it; anything else is handed on, so that the route says what is wrong with it. */
const dayOf = (text: string | undefined): string | undefined => {
  const given = typed(text);
  return given !== undefined && /^\d{4}-\d\d-\d\d$/.test(given) ? `${given}T00:00:00Z` : given;
};

/** The last day is meant whole. */
function dayAfter(text: string | undefined): string | undefined {
  const day = dayOf(text);
  const at = day === undefined ? Number.NaN : Date.parse(day);
  return Number.isNaN(at) ? day : new Date(at + 86_400_000).toISOString();
}

export const recordPages = [events, audit, verify];
