/** The platform's settings as forms: one a group, whose fields have the paths that the API's complaints have. */
import type { WholeSettings } from '../../../domain/settings.ts';
import { OWN_APPROVALS } from '../../../domain/approval.ts';
import { REMEDIATION_MODES } from '../../../domain/budget.ts';
import { type Fields, numeric, typed } from '../../form.ts';

/** `percent`: a share, written as a percentage. `lines`: one value a line. Numbers and text may be empty, which is null. */
type Kind = 'number' | 'percent' | 'text' | 'choice' | 'lines';

interface Field {
  readonly name: string;
  readonly label: string;
  readonly kind: Kind;
  readonly hint?: string;
  readonly after?: string;
  readonly options?: readonly (readonly [value: string, label: string])[];
  readonly optional?: boolean;
}

interface Group {
  readonly id: string;
  readonly title: string;
  readonly lead: string;
  readonly fields: readonly Field[];
}

const number = (name: string, label: string, after?: string, hint?: string): Field => ({ name, label, kind: 'number', ...(after && { after }), ...(hint && { hint }) });
const percent = (name: string, label: string, hint?: string): Field => ({ name, label, kind: 'percent', after: '%', ...(hint && { hint }) });
const choice = (name: string, label: string, options: Field['options'], hint?: string): Field => ({ name, label, kind: 'choice', options: options!, ...(hint && { hint }) });

const MODES: Readonly<Record<(typeof REMEDIATION_MODES)[number], string>> = {
  auto: 'Act by itself', approve: 'Ask before replacing', observe: 'Only observe',
};

const OWN: Readonly<Record<(typeof OWN_APPROVALS)[number], string>> = {
  never: 'Never', 'while-alone': 'While no second person could', always: 'Always',
};

export const GROUPS: readonly Group[] = [
  {
    id: 'remediation', title: 'Remediation', lead: 'What Reeve may do by itself about a container that is not well.',
    fields: [
      choice('remediation.mode', 'Mode', REMEDIATION_MODES.map((mode) => [mode, MODES[mode]])),
      number('remediation.perHour', 'Replacements in an hour', undefined, 'At most, in any sixty minutes'),
      number('remediation.cooldownMinutes', 'Pause after each', 'minutes', 'Also between two tries to regenerate'),
      number('remediation.floor', 'Healthy ones left', undefined, 'Beside the one that is replaced'),
      number('remediation.breakerContainers', 'Breaker: containers', undefined, 'So many failing at once stop all replacing'),
      number('remediation.breakerPercent', 'Breaker: sites', '%', 'So many failing at once stop all replacing'),
    ],
  },
  {
    id: 'approvals', title: 'Approvals', lead: 'Purging a site, and deleting many of them, wait for a second person.',
    fields: [choice('approvals.own', 'Who asked may approve it', OWN_APPROVALS.map((own) => [own, OWN[own]]))],
  },
  {
    id: 'scaling', title: 'Scaling', lead: 'How many site containers there are. An empty target does not count.',
    fields: [
      choice('scaling.mode', 'Mode', [['off', 'People launch and drain'], ['on', 'By load']]),
      number('scaling.min', 'At least'), number('scaling.max', 'At most'),
      percent('scaling.targets.cpu', 'CPU', 'Of its cores, that a container carries'), percent('scaling.targets.memory', 'Memory', 'Of its memory'),
      number('scaling.targets.awake', 'Awake sites', undefined, 'In each container'), number('scaling.targets.requests', 'Requests', 'a second', 'In each container'),
      percent('scaling.tolerance', 'Tolerance', 'How far from its target a measure may be'),
      number('scaling.stabilisation', 'Before one is drained', 'seconds', 'For which fewer must have been enough'),
    ],
  },
  {
    id: 'health', title: 'Health', lead: 'How often every hostname is asked in every container, and when it is down.',
    fields: [
      number('health.intervalSeconds', 'Asked every', 'seconds', 'Each hostname, in each container'), number('health.suspectSeconds', 'Asked again every', 'seconds', 'While it fails, or comes back'),
      number('health.slowMs', 'Slow from', 'ms', 'Unless a codebase or site says otherwise'), number('health.timeoutMs', 'No answer after', 'ms'),
      number('health.downAfterFailures', 'Down after', 'failures'), number('health.downAfterSeconds', 'Over at least', 'seconds'),
      number('health.upAfterSuccesses', 'Up again after', 'answers'), number('integrity.intervalSeconds', 'Files are compared every', 'seconds'),
    ],
  },
  {
    id: 'addresses', title: 'Addresses', lead: 'Where visitors find sites.',
    fields: [
      { name: 'baseDomain', label: 'Base domain', kind: 'text', hint: 'Sites get <name>.<this>; it stays while there are sites' },
      choice('publicScheme', 'Visitors use', [['https', 'https'], ['http', 'http']]), number('publicPort', 'Port'),
      choice('ownership', 'A hostname is served', [['none', 'At once'], ['dns-txt', 'Once its owner has proved it by DNS']]),
      { name: 'trustedProxies', label: 'Proxies in front of the edge', kind: 'lines', hint: 'Networks whose forwarding headers are believed, one a line', optional: true },
    ],
  },
  {
    id: 'services', title: 'Services', lead: 'What sites share, each with a part of its own.',
    fields: [
      { name: 'cacheUrl', label: 'Redis', kind: 'text', hint: 'redis://…; a password in it is shown as ***', optional: true },
      { name: 's3.endpoint', label: 'S3-compatible store', kind: 'text', hint: 'https://…', optional: true },
      { name: 's3.region', label: 'Its region', kind: 'text', optional: true },
      { name: 'alertNetworks', label: 'Inward addresses for alerts', kind: 'lines', hint: 'Private networks that alerts may be sent to, one a line', optional: true },
    ],
  },
];

/** @returns the groups with what is set now, as text */
export function groupsOf(settings: WholeSettings) {
  return GROUPS.map((group) => ({
    ...group, fields: group.fields.map((field) => ({
      ...field, value: textOf(field.kind, at(settings, field.name)),
      choices: field.options?.map(([value, label]) => ({ value, label })), lines: field.kind === 'lines' ? 3 : undefined,
      type: field.kind === 'number' || field.kind === 'percent' ? 'number' : 'text',
    })),
  }));
}

const at = (from: object, name: string): unknown => name.split('.').reduce<unknown>((so, key) => (so as Record<string, unknown> | null | undefined)?.[key], from);

function textOf(kind: Kind, value: unknown): string {
  if (value === null || value === undefined) return '';
  if (kind === 'lines') return (value as string[]).join('\n');
  return kind === 'percent' ? String(Math.round((value as number) * 1_000) / 10) : String(value);
}

/** What a form of one group says; fields that it does not have are not changed. */
export function changesFrom(form: Fields): Record<string, unknown> {
  const changes: Record<string, unknown> = {};
  for (const { name, kind } of GROUPS.flatMap(({ fields }) => fields)) {
    const text = form[name];
    if (text !== undefined) put(changes, name.split('.'), given(kind, text));
  }
  const { s3 } = changes as { s3?: Record<string, unknown> };
  if (s3 && Object.values(s3).every((value) => value === null)) changes.s3 = null;
  return changes;
}

function given(kind: Kind, text: string): unknown {
  if (kind === 'lines') return text.split(/[\s,]+/).filter(Boolean);
  if (kind === 'text' || kind === 'choice') return typed(text) ?? null;
  const value = numeric(text) ?? null;
  return kind === 'percent' && typeof value === 'number' ? Math.round(value * 1_000) / 100_000 : value;
}

function put(into: Record<string, unknown>, [first, ...rest]: string[], value: unknown): void {
  if (rest.length > 0) {
    into[first!] ??= {};
    put(into[first!] as Record<string, unknown>, rest, value);
  } else {
    into[first!] = value;
  }
}
