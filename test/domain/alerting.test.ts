import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { alertLines, alertMessage, alertTitle, emailText, slackBody } from '../../src/domain/alert-message.ts';
import {
  type AlertChannel, type AlertFacts, type AlertIncident, ALERT_POLICY, concerns, MOST_ATTEMPTS, planAlerts, retryAfter, SEVERITIES, type Told,
} from '../../src/domain/alerting.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const at = (seconds: number) => new Date(START + seconds * 1_000).toISOString();
const any: AlertChannel = { id: 'n1', enabled: true, routing: { severities: SEVERITIES, subjects: [] } };
const incident = (id: number, more: Partial<AlertIncident> = {}): AlertIncident => ({
  id, subject: `site:s${id}`, cause: 'down', severity: 'warning', state: 'open', title: `site ${id}`, openedAt: at(0), closedAt: null, closedWhy: null, ...more,
});
const facts = (more: Partial<AlertFacts>): AlertFacts => ({ channels: [any], incidents: [], told: [], now: at(60), ...more });
const said = (given: Partial<AlertFacts>) => planAlerts(facts(given)).map(({ channel, kind, incidents }) => [channel, kind, ...incidents.map(({ id }) => id)]);

test('many that open within thirty seconds are one message, the gravest first', () => {
  const incidents = [incident(1), incident(2, { openedAt: at(20), severity: 'critical' }), incident(3, { openedAt: at(29) })];
  assert.deepEqual(said({ incidents, now: at(29) }), [], 'it waits for those that follow');
  assert.deepEqual(said({ incidents, now: at(30) }), [['n1', 'opened', 2, 1, 3]]);
});

test('what closes before its message was due is never told', () => {
  assert.deepEqual(said({ incidents: [incident(1, { state: 'closed', closedAt: at(5) })] }), []);
});

test('an acknowledged incident is silence, but whoever heard of it hears of its end', () => {
  const told: Told[] = [{ channel: 'n1', incident: 1, lastAt: at(30), resolved: false }];
  assert.deepEqual(said({ incidents: [incident(1, { state: 'acknowledged' })] }), []);
  assert.deepEqual(said({ incidents: [incident(1, { state: 'acknowledged' })], told, now: at(20 * 3_600) }), []);
  assert.deepEqual(said({ incidents: [incident(1, { state: 'closed', closedAt: at(100) })], told, now: at(131) }), [['n1', 'resolved', 1]]);
});

test('one that stays open is told again each four hours', () => {
  const told: Told[] = [{ channel: 'n1', incident: 1, lastAt: at(30), resolved: false }];
  assert.deepEqual(said({ incidents: [incident(1)], told, now: at(4 * 3_600 + 29) }), []);
  assert.deepEqual(said({ incidents: [incident(1)], told, now: at(4 * 3_600 + 30) }), [['n1', 'repeated', 1]]);
});

test('a channel hears of its severities and subjects only, and of nothing when it is off', () => {
  const channels: AlertChannel[] = [
    { id: 'n1', enabled: true, routing: { severities: ['critical'], subjects: [] } },
    { id: 'n2', enabled: true, routing: { severities: SEVERITIES, subjects: ['hostname:*.example.org', 'platform'] } },
    { ...any, id: 'n3', enabled: false },
  ];
  const incidents = [incident(1, { subject: 'hostname:www.example.org' }), incident(2, { severity: 'critical' }), incident(3, { subject: 'platform' })];
  assert.deepEqual(said({ channels, incidents }), [['n1', 'opened', 2], ['n2', 'opened', 1, 3]]);
});

test('patterns match as a regular expression of the same meaning does, and in no time', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', ':', '.'), maxLength: 12 });
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', ':', '.', '*'), minLength: 1, maxLength: 8 });
  fc.assert(fc.property(pattern, text, (glob, subject) => {
    const same = new RegExp(`^${glob.split('*').map((part) => part.replace(/[.]/g, '\\.')).join('.*')}$`);
    assert.equal(concerns({ severities: ['info'], subjects: [glob] }, { severity: 'info', subject }), same.test(subject), `${glob} ${subject}`);
  }), { numRuns: 2_000 });
  assert.equal(concerns({ severities: ['info'], subjects: [`${'*a'.repeat(99)}b`] }, { severity: 'info', subject: 'a'.repeat(5_000) }), false);
});

test('over any history nothing is told twice, and each end only to whom heard the beginning', () => {
  const step = fc.record({ open: fc.nat(3), close: fc.nat(9), acknowledge: fc.nat(9), seconds: fc.nat(4_000) });
  fc.assert(fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
    const incidents: AlertIncident[] = [];
    const told = new Map<number, Told>();
    const log: string[] = [];
    let now = 0;
    for (const { open, close, acknowledge, seconds } of steps) {
      for (let i = 0; i < open; i++) incidents.push(incident(incidents.length, { openedAt: at(now) }));
      const change = (id: number, more: Partial<AlertIncident>) => {
        if (incidents[id] && incidents[id].state !== 'closed') incidents[id] = { ...incidents[id], ...more };
      };
      change(close, { state: 'closed', closedAt: at(now) });
      change(acknowledge, { state: 'acknowledged' });
      now += seconds;
      for (const { kind, incidents: some } of planAlerts(facts({ incidents, told: [...told.values()], now: at(now) }))) {
        for (const { id } of some) {
          const before = told.get(id);
          if (kind === 'repeated') assert.ok(before && now * 1_000 - (Date.parse(before.lastAt) - START) >= ALERT_POLICY.repeatMs);
          else log.push(`${kind} ${id}`);
          if (kind === 'resolved') assert.ok(before && !before.resolved);
          told.set(id, { channel: 'n1', incident: id, lastAt: at(now), resolved: kind === 'resolved' });
        }
      }
    }
    assert.equal(new Set(log).size, log.length);
  }), { numRuns: 500 });
});

test('tries grow further apart, to an hour at most, and end; a test is tried once', () => {
  const waits = Array.from({ length: MOST_ATTEMPTS }, (_, i) => retryAfter('opened', i + 1));
  assert.deepEqual(waits, [5_000, 15_000, 45_000, 135_000, 405_000, 1_215_000, 3_600_000, 3_600_000, null]);
  assert.equal(retryAfter('test', 1), null);
});

test('whatever a title holds, a subject stays one line and Slack sees no markup; a storm is a number', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (title) => {
    const message = alertMessage('opened', 'example.org', [incident(1, { title })]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
    assert.doesNotMatch(alertTitle(message), /[\u0000-\u001f\u007f]/);
    assert.doesNotMatch(slackBody(message), /[<>]/);
  }));
  const storm = alertMessage('opened', 'example.org', Array.from({ length: 500 }, (_, i) => incident(i)));
  assert.equal(storm.count, 500);
  assert.equal(alertLines(storm).at(-1), 'and 480 more');
  assert.match(emailText(storm), /500 incidents/);
});
