/** What an alert says, for each kind of channel. */
import type { AlertIncident, AlertKind, Severity } from './alerting.ts';

/** Kept with its delivery, so that each attempt says the same. */
export interface AlertMessage {
  readonly kind: AlertKind;
  /** The platform's base domain: who has several platforms sees which one it is. */
  readonly platform: string;
  readonly severity: Severity;
  /** How many incidents it is about. */
  readonly count: number;
  /** The gravest of them, twenty at most: in a storm the rest is a number. */
  readonly incidents: readonly AlertIncident[];
}

const MOST_NAMED = 20;
const LONGEST = 300;

export function alertMessage(kind: AlertKind, platform: string, incidents: readonly AlertIncident[]): AlertMessage {
  return { kind, platform, severity: incidents[0]?.severity ?? 'info', count: incidents.length, incidents: incidents.slice(0, MOST_NAMED) };
}

/** One line, without line breaks: it becomes a mail's subject. */
export function alertTitle({ kind, platform, severity, count, incidents }: AlertMessage): string {
  if (kind === 'test') return `[Reeve ${platform}] test: this channel works`;
  const word = { opened: severity, repeated: `still open, ${severity}`, resolved: 'resolved' }[kind];
  const what = count === 1 ? incidents[0]!.title : `${count} incidents, first of them: ${incidents[0]!.title}`;
  return oneLine(`[Reeve ${platform}] ${word}: ${what}`);
}

/** One line an incident. */
export function alertLines({ count, incidents }: AlertMessage): string[] {
  const lines = incidents.map((one) => {
    const over = one.state === 'closed' ? `; closed ${one.closedAt}${one.closedWhy ? ` (${one.closedWhy})` : ''}` : '';
    return oneLine(`${one.severity} #${one.id} ${one.subject}: ${one.title} (${one.cause}), since ${one.openedAt}${over}`);
  });
  return count > incidents.length ? [...lines, `and ${count - incidents.length} more`] : lines;
}

/** A webhook's body. */
export function webhookBody(delivery: string, message: AlertMessage): string {
  return JSON.stringify({ delivery, title: alertTitle(message), ...message });
}

/** What Slack, Mattermost and Rocket.Chat take. Nothing in it is read as markup, so no title mentions or links anything. */
export function slackBody(message: AlertMessage): string {
  const text = escapeSlack([alertTitle(message), ...alertLines(message)].join('\n'));
  const color = message.kind === 'resolved' || message.kind === 'test' ? 'good' : { info: '#439fe0', warning: 'warning', critical: 'danger' }[message.severity];
  return JSON.stringify({
    text: escapeSlack(alertTitle(message)), mrkdwn: false,
    attachments: [{ color, fallback: text, text: escapeSlack(alertLines(message).join('\n')), mrkdwn_in: [] }],
  });
}

export function emailText(message: AlertMessage): string {
  return `${[alertTitle(message), '', ...alertLines(message)].join('\n').trimEnd()}\n`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
const oneLine = (text: string): string => text.replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ').slice(0, LONGEST);

const escapeSlack = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
