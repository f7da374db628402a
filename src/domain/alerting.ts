/**
 * Which channel is told what about which incidents. Rows say what was told before, so that the same rows always give
 * the same messages: whoever plans after a crash says nothing twice.
 */
export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];
export type AlertKind = 'opened' | 'repeated' | 'resolved' | 'test';

export interface Routing {
  /** Only incidents of these severities. */
  readonly severities: readonly Severity[];
  /** Patterns of subjects, e.g. `site:*`; `*` is any run of characters. None: any subject. */
  readonly subjects: readonly string[];
}

export interface AlertChannel {
  readonly id: string;
  readonly enabled: boolean;
  readonly routing: Routing;
}

/** An incident as messages tell of it. Evidence stays inside: it may hold lines of a site's log. Times are RFC 3339. */
export interface AlertIncident {
  readonly id: number;
  readonly subject: string;
  readonly cause: string;
  readonly severity: Severity;
  readonly state: 'open' | 'acknowledged' | 'closed';
  readonly title: string;
  readonly openedAt: string;
  readonly closedAt: string | null;
  readonly closedWhy: string | null;
}

/** What a channel has been told of an incident. */
export interface Told {
  readonly channel: string;
  readonly incident: number;
  readonly lastAt: string;
  readonly resolved: boolean;
}

export interface AlertPolicy {
  /** What opens or closes within this time goes into one message, sent at its end. */
  readonly groupMs: number;
  /** An open incident that nobody acknowledges is told again this often. */
  readonly repeatMs: number;
}

export const ALERT_POLICY: AlertPolicy = { groupMs: 30_000, repeatMs: 4 * 3_600_000 };

/** One message: to one channel, of one kind, about these incidents, the gravest first. */
export interface PlannedAlert {
  readonly channel: string;
  readonly kind: Exclude<AlertKind, 'test'>;
  readonly incidents: readonly AlertIncident[];
}

export interface AlertFacts {
  readonly channels: readonly AlertChannel[];
  /** All that are not closed, and those closed whose end somebody has yet to hear of. */
  readonly incidents: readonly AlertIncident[];
  readonly told: readonly Told[];
  readonly now: string;
}

/**
 * Everything that is due now. An acknowledged incident is told to nobody any more but for its end; what closes before
 * its group's time is up was never worth a message.
 */
export function planAlerts({ channels, incidents, told, now }: AlertFacts, policy: AlertPolicy = ALERT_POLICY): PlannedAlert[] {
  const at = Date.parse(now);
  const known = new Map(told.map((each) => [`${each.channel} ${each.incident}`, each]));
  const ripe = (some: readonly AlertIncident[], since: (one: AlertIncident) => string) =>
    some.some((one) => at - Date.parse(since(one)) >= policy.groupMs);
  const plans: PlannedAlert[] = [];
  for (const { id: channel, routing, enabled } of channels) {
    if (!enabled) continue;
    const before = (one: AlertIncident) => known.get(`${channel} ${one.id}`);
    const fresh = incidents.filter((one) => one.state === 'open' && !before(one) && concerns(routing, one));
    const over = incidents.filter((one) => one.state === 'closed' && before(one)?.resolved === false);
    const lasting = incidents.filter((one) => {
      const last = before(one);
      return one.state === 'open' && last !== undefined && concerns(routing, one) && at - Date.parse(last.lastAt) >= policy.repeatMs;
    });
    if (ripe(fresh, (one) => one.openedAt)) plans.push({ channel, kind: 'opened', incidents: gravestFirst(fresh) });
    if (ripe(over, (one) => one.closedAt ?? one.openedAt)) plans.push({ channel, kind: 'resolved', incidents: gravestFirst(over) });
    if (lasting.length > 0) plans.push({ channel, kind: 'repeated', incidents: gravestFirst(lasting) });
  }
  return plans;
}

/** Whether a channel with that routing hears of it. */
export function concerns({ severities, subjects }: Routing, { severity, subject }: Pick<AlertIncident, 'severity' | 'subject'>): boolean {
  return severities.includes(severity) && (subjects.length === 0 || subjects.some((pattern) => matches(pattern, subject)));
}

/** By hand, since a regular expression of many stars takes exponential time. */
function matches(pattern: string, text: string): boolean {
  const parts = pattern.split('*');
  const [first = '', ...rest] = parts;
  if (rest.length === 0) return pattern === text;
  const last = rest.pop()!;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let from = first.length;
  const end = text.length - last.length;
  for (const part of rest) {
    const found = text.indexOf(part, from);
    if (found < 0 || found + part.length > end) return false;
    from = found + part.length;
  }
  return true;
}

function gravestFirst(some: readonly AlertIncident[]): AlertIncident[] {
  return some.toSorted((a, b) => SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) || a.id - b.id);
}

/** Tries of one delivery, about two hours in all; then it has failed. A test is tried once: its answer is wanted now. */
export const MOST_ATTEMPTS = 9;

/** Milliseconds until the next try after that many; null when there is none. */
export function retryAfter(kind: AlertKind, attempts: number): number | null {
  if (kind === 'test' || attempts >= MOST_ATTEMPTS) return null;
  return Math.min(5_000 * 3 ** (attempts - 1), 3_600_000);
}
