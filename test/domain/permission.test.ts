import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Action, ALL_ACTIONS, can, type Grant, type Grantee, mayGrant, reach, ROLE_ACTIONS, ROLES, whoCan } from '../../src/domain/permission.ts';

const SITES = ['s000000001', 's000000002', 's000000003'];
const NOW = new Date('2026-11-25T12:00:00Z');
const HOUR = 3_600_000;
const at = (hours: number) => new Date(NOW.getTime() + hours * HOUR);

const action = fc.constantFrom(...ALL_ACTIONS);
const actions = fc.uniqueArray(action, { maxLength: 8 }).map((all) => new Set(all));
const site = fc.constantFrom(...SITES);
const resource = fc.oneof(fc.constant({}), site.map((id) => ({ site: id })));
const grant: fc.Arbitrary<Grant> = fc.record({
  role: fc.constantFrom(...ROLES, 'own'), actions, site, team: fc.constantFrom('Web', 'Ops'), endsAt: fc.integer({ min: -5, max: 5 }).map(at),
}, { requiredKeys: ['role'] }).map(({ actions: own, ...rest }) => ({ ...rest, ...(rest.role === 'own' ? { actions: own ?? new Set<Action>() } : {}) }));
const limit = fc.record({ name: fc.constant('the token ci'), actions, sites: fc.uniqueArray(site, { maxLength: 2 }) }, { requiredKeys: ['name'] });
const grantee: fc.Arbitrary<Grantee> = fc.record({ name: fc.constant('ada'), grants: fc.array(grant, { maxLength: 6 }), limit }, { requiredKeys: ['name', 'grants'] });

const CASES: readonly [string, Grantee, Action, { site?: string }, boolean, string][] = [
  ['nobody', { name: 'eve', grants: [] }, 'site:read', {}, false, 'site:read takes the role viewer; eve has no role there'],
  ['through a team until Friday', { name: 'ada', grants: [{ role: 'editor', site: SITES[0]!, team: 'Web', endsAt: at(48) }] }, 'site:update', { site: SITES[0]! }, true,
    `ada is editor of site ${SITES[0]} until 2026-11-27 12:00 UTC, through team Web`],
  ['another site', { name: 'ada', grants: [{ role: 'editor', site: SITES[0]! }, { role: 'viewer' }] }, 'site:update', { site: SITES[1]! }, false, 'site:update takes the role editor; ada is viewer there'],
  ['ended', { name: 'ada', grants: [{ role: 'owner', endsAt: at(-1) }] }, 'site:update', {}, false,
    'site:update takes the role editor; ada has no role there, and was owner of the platform until 2026-11-25 11:00 UTC'],
  ['its very end', { name: 'ada', grants: [{ role: 'owner', endsAt: NOW }] }, 'site:read', {}, false,
    'site:read takes the role viewer; ada has no role there, and was owner of the platform until 2026-11-25 12:00 UTC'],
  ['a role of one’s own', { name: 'ada', grants: [{ role: 'binder', actions: new Set<Action>(['hostname:bind']) }] }, 'hostname:bind', { site: SITES[0]! }, true, 'ada is binder of the platform'],
  ['a token’s actions', { name: 'ada', grants: [{ role: 'owner' }], limit: { name: 'the token ci', actions: new Set<Action>(['site:read']) } }, 'site:delete', {}, false, 'site:delete is more than the token ci was made for'],
  ['a token’s sites', { name: 'ada', grants: [{ role: 'owner' }], limit: { name: 'the token ci', sites: [SITES[0]!] } }, 'site:read', { site: SITES[1]! }, false, `the token ci was made for site ${SITES[0]} alone`],
];

for (const [name, who, what, where, allowed, why] of CASES) {
  test(`why: ${name}`, () => assert.deepEqual(can(who, what, where, NOW), { allowed, why }));
}

test('a site’s grant gives nothing elsewhere, and nothing on the platform', () => {
  fc.assert(fc.property(grantee, action, site, (who, what, where) => {
    const elsewhere = { ...who, grants: who.grants.filter((each) => each.site !== undefined && each.site !== where) };
    assert.equal(can(elsewhere, what, { site: where }, NOW).allowed, false);
    assert.equal(can(elsewhere, what, {}, NOW).allowed, false);
  }));
});

test('what is allowed on the platform is allowed on each site; fewer grants, later, or a limit never allow more', () => {
  fc.assert(fc.property(grantee, action, resource, fc.nat(5), fc.nat(8), (who, what, where, drop, later) => {
    if (can(who, what, {}, NOW).allowed) for (const each of SITES) assert.ok(can(who, what, { site: each }, NOW).allowed);
    const allowed = can(who, what, where, NOW).allowed;
    const fewer = { ...who, grants: who.grants.filter((_, i) => i !== drop) };
    if (can(fewer, what, where, NOW).allowed) assert.ok(allowed);
    if (can(who, what, where, at(later)).allowed) assert.ok(allowed);
    if (allowed) assert.ok(can({ name: who.name, grants: who.grants }, what, where, NOW).allowed);
  }));
});

test('what a list shows is exactly what one may see', () => {
  fc.assert(fc.property(grantee, action, (who, what) => {
    const where = reach(who, what, NOW);
    assert.equal(where === 'everywhere', can(who, what, {}, NOW).allowed);
    for (const each of SITES) assert.equal(where === 'everywhere' || where.includes(each), can(who, what, { site: each }, NOW).allowed);
  }));
});

test('no one gives what they do not have, at any moment until its end', () => {
  fc.assert(fc.property(grantee, actions, resource, fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }), fc.nat(1_000), (who, given, where, hours, later) => {
    if (!mayGrant(who, given, where, NOW, hours === undefined ? undefined : at(hours))) return;
    const got: Grantee = { name: 'bob', grants: [{ role: 'own', actions: given, ...where, ...(hours === undefined ? {} : { endsAt: at(hours) }) }] };
    for (const each of given) {
      for (const moment of [NOW, at(Math.min(later, hours ?? later) - 0.001)]) {
        if (moment >= NOW && can(got, each, where, moment).allowed) assert.ok(can(who, each, where, moment).allowed, `${each} at ${moment.toISOString()}`);
      }
    }
  }), { numRuns: 500 });
});

test('who can is whoever can, in their order, with the same words', () => {
  fc.assert(fc.property(fc.array(grantee, { maxLength: 5 }), action, resource, (all, what, where) => {
    assert.deepEqual(whoCan(all, what, where, NOW), all.map((who) => ({ who, ...can(who, what, where, NOW) })).filter(({ allowed }) => allowed).map(({ who, why }) => ({ who, why })));
  }));
});

test('each role may what the one below it may, and an owner everything', () => {
  for (const [rank, role] of ROLES.entries()) {
    for (const lower of ROLES.slice(0, rank)) assert.ok([...ROLE_ACTIONS[lower]].every((each) => ROLE_ACTIONS[role].has(each)));
  }
  assert.deepEqual([...ROLE_ACTIONS.owner].sort(), [...ALL_ACTIONS].sort());
});
