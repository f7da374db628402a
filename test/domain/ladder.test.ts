/** The ladder, case by case: what was found and done before, and what is done next, with its reason. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PastReplacement, REMEDIATION_DEFAULTS } from '../../src/domain/budget.ts';
import type { Fault } from '../../src/domain/diagnosis.ts';
import { decide, type PastAct, type RemediationFacts } from '../../src/domain/remediation.ts';

const MINUTE = 60_000;
const NOW = 100 * MINUTE;
const container: Fault = {
  domain: 'container', subject: 'container:c1', cause: 'sites-down', severity: 'critical', title: 'container c1 fails 5 sites that are well elsewhere',
  container: 'c1', incarnation: 1, sites: ['s1'], seen: [],
};
const one: Fault = { ...container, domain: 'site-in-container', cause: 'site-down:s1', title: 'site s1 is down in container c1 alone', site: 's1' };
const lost: Fault = { ...container, cause: 'lease-lapsed', title: 'container c1 says nothing any more' };
const { container: _, incarnation: __, ...nobodys } = container;
const site: Fault = { ...nobodys, domain: 'site', subject: 'site:s1' };

const facts: RemediationFacts = {
  now: NOW, settings: REMEDIATION_DEFAULTS, paused: false, breaker: null, min: 0, replacements: [], past: [], approval: null,
  members: [{ id: 'c1', healthy: false }, { id: 'c2', healthy: true }],
};
const tried = (result: PastAct['result'], minutesAgo = 1): PastAct => ({ action: 'regenerate', result, at: NOW - minutesAgo * MINUTE });
const over = (state: PastReplacement['state'], startedMinutesAgo: number, endedMinutesAgo: number): PastReplacement => ({
  container: 'c9', incarnation: 1, state, startedAt: NOW - startedMinutesAgo * MINUTE, endedAt: NOW - endedMinutesAgo * MINUTE });
const earlier = (act: PastAct): PastAct => ({ ...act, earlier: true });
const approve = { settings: { ...REMEDIATION_DEFAULTS, mode: 'approve' as const } };
const eager = { settings: { ...REMEDIATION_DEFAULTS, cooldownMinutes: 0 } };

const CASES: Record<string, [fault: Fault, changed: Partial<RemediationFacts>, expected: string, reason: RegExp]> = {
  'a site that fails everywhere': [site, {}, 'observed none', /no container is at fault/],
  'a database': [{ ...site, domain: 'database' }, {}, 'observed none', /restarting containers would not help/],
  'a container, for the first time': [container, {}, 'acted regenerate', /the mildest means first/],
  'one site in one container, for the first time': [one, {}, 'acted regenerate', /the mildest means first/],
  'a lost one cannot be asked to regenerate': [lost, {}, 'acted replace', /says nothing/],
  'the last step goes on': [container, { past: [tried(null)] }, 'refused none', /goes on/],

  'it flaps: the third time': [container, { past: [tried('recovered', 45), tried('recovered', 30)].map(earlier) }, 'acted regenerate', /mildest/],
  'it flaps: the fourth time': [container, { past: [tried('recovered', 45), tried('recovered', 30), tried('recovered', 15)].map(earlier) }, 'acted replace', /recovered 3 times and failed again/],
  'it flaps: the fourth time, but just now': [container, { past: [tried('recovered', 45), tried('recovered', 30), tried('recovered', 5)].map(earlier) }, 'refused none', /cooling down/],
  'it flaps: long ago does not count': [container, { past: [tried('recovered', 90), tried('recovered', 80), tried('recovered', 15)].map(earlier) }, 'acted regenerate', /mildest/],
  'one site flaps': [one, { past: [tried('recovered', 45), tried('recovered', 30), tried('recovered', 15)].map(earlier) }, 'refused none', /a person must look/],
  'what did not help an earlier time is tried again first, later': [container, { past: [tried('persists', 15)].map(earlier) }, 'acted regenerate', /mildest/],
  'what did not help a moment ago, and was well since': [container, { past: [tried('persists')].map(earlier) }, 'refused none', /cooling down/],
  'a replacement for the same cause failed': [container, { past: [{ action: 'replace' as const, result: 'failed' as const, at: NOW - MINUTE }].map(earlier) }, 'refused none', /the ladder has ended/],
  'many sites; it did not help': [container, { past: [tried('persists')] }, 'acted replace', /regenerating did not help/],
  'many sites; it did not help, no second one could be asked': [container, { past: [tried('unconfirmed')] }, 'acted replace', /did not help/],
  'many sites; regenerating broke off': [container, { past: [tried('failed')] }, 'acted replace', /did not help/],
  'many sites; the second one fails as well': [container, { past: [tried('elsewhere-too')] }, 'refused none', /in a second container too/],
  'one site; it did not help, the second one is well': [one, { past: [tried('persists')] }, 'acted replace', /regenerating did not help/],
  'one site; it did not help, but what was done may not show yet': [one, { past: [tried('persists', 0.9)] }, 'refused none', /given a minute/],
  'without a cool-down, one site is given that minute all the same': [one, { ...eager, past: [tried('persists', 0.9)] }, 'refused none', /given a minute/],
  'many sites that others serve well say enough at once': [container, { past: [tried('persists', 0)] }, 'acted replace', /regenerating did not help/],
  'one site; no second one could be asked': [one, { past: [tried('unconfirmed')] }, 'refused none', /one site alone replaces no container unless it is well elsewhere/],
  'one site; regenerating broke off': [one, { past: [tried('failed')] }, 'refused none', /one site alone/],
  'one site; the second one fails as well': [one, { past: [tried('elsewhere-too')] }, 'refused none', /no container is at fault/],
  'one site; none could be asked long ago': [one, { past: [tried('unconfirmed', 11)] }, 'acted regenerate', /mildest/],
  'it recovered, and fails again at once': [container, { past: [tried('recovered')] }, 'refused none', /cooling down/],
  'it recovered, and fails again later': [container, { past: [tried('recovered', 11)] }, 'acted regenerate', /mildest/],
  'without a cool-down, what fails elsewhere too is still not tried again at once': [one, { ...eager, past: [tried('elsewhere-too', 0.5)] }, 'refused none', /no container/],
  'without a cool-down, what has recovered is given the time to show': [container, { ...eager, past: [tried('recovered', 0.5)] }, 'refused none', /cooling down/],
  'without a cool-down, later it is': [one, { ...eager, past: [tried('elsewhere-too', 2)] }, 'acted regenerate', /mildest/],
  'it was replaced once': [container, { past: [tried('persists', 5), { action: 'replace', result: 'failed', at: NOW }] }, 'refused none', /the ladder has ended/],

  'paused': [container, { paused: true }, 'refused regenerate', /paused/],
  'the breaker is open': [container, { breaker: '2 of 3 containers' }, 'refused regenerate', /the breaker is open/],
  'nobody is left': [container, { past: [tried('persists')], members: [{ id: 'c1', healthy: false }] }, 'refused replace', /the floor is 1/],
  'scaling wants at least two: the new one is the second': [container, { past: [tried('persists')], min: 2 }, 'acted replace', /did not help/],
  'scaling wants at least three': [container, { past: [tried('persists')], min: 3 }, 'refused replace', /scaling.min is 3/],
  'another one is unwell': [container, { past: [tried('persists')], members: [...facts.members, { id: 'c3', healthy: false }] }, 'refused replace', /never below ready − 1/],

  'a long replacement has only just failed': [container, { past: [tried('persists')], replacements: [over('failed', 70, 1)] }, 'refused replace', /c9, failed: a person must look/],
  'a long replacement has only just ended': [container, { past: [tried('persists')], replacements: [over('completed', 70, 1)] }, 'refused replace', /cooling down for another 9 minutes/],
  'a cool-down of more than an hour': [
    container, { past: [tried('persists')], settings: { ...REMEDIATION_DEFAULTS, cooldownMinutes: 120 }, replacements: [over('completed', 90, 80)] }, 'refused replace', /another 40 minutes/],
  'one that was given up is no failed one': [container, { past: [tried('persists')], replacements: [over('superseded', 2, 1)] }, 'acted replace', /did not help/],

  'approve: regenerating needs nobody': [container, approve, 'acted regenerate', /mildest/],
  'approve: nobody was asked yet': [container, { ...approve, past: [tried('persists')] }, 'awaiting-approval replace', /did not help/],
  'approve: somebody is being asked': [container, { ...approve, past: [tried('persists')], approval: 'pending' }, 'awaiting-approval replace', /did not help/],
  'approve: rejected': [container, { ...approve, past: [tried('persists')], approval: 'rejected' }, 'refused replace', /a person has rejected it/],
  'approve: somebody is being asked because of another incident': [container, { ...approve, past: [tried('persists')], approval: 'of-another' }, 'refused replace', /because of another incident/],
  'approve: too late': [container, { ...approve, past: [tried('persists')], approval: 'expired' }, 'refused replace', /nobody approved it in time/],
  'approve: approved, it is under way': [container, { ...approve, past: [tried('persists'), { action: 'replace', result: null, at: NOW }] }, 'refused none', /goes on/],
};

for (const [name, [fault, changed, expected, reason]] of Object.entries(CASES)) {
  test(name, () => {
    const decision = decide(fault, { ...facts, ...changed });
    assert.equal(`${decision.decision} ${decision.action}`, expected, decision.reason);
    assert.match(decision.reason, reason);
  });
}
