import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayApprove, OWN_APPROVALS, partyOf } from '../../src/domain/approval.ts';

const ada = partyOf({ kind: 'user', id: 'u1', name: 'Ada' });
const ben = partyOf({ kind: 'user', id: 'u2', name: 'Ben' });
const adasToken = partyOf({ kind: 'token', id: 'k1', name: 'Ada (laptop)', user: 'u1' });
const token = partyOf({ kind: 'token', id: 'k2', name: 'ci' });
const adasCi = partyOf({ kind: 'token', id: 'k3', name: 'deploy' }, { id: 'u1', name: 'Ada' });
const judge = partyOf({ kind: 'system', id: 'judge', name: 'Judge' });
const both = [ada, ben];

test('whoever asked is no second person, with a token of theirs neither; another person is', () => {
  const never = { own: 'never' } as const;
  for (const [asked, by, allowed] of [
    [ada, ada, false], [ada, adasToken, false], [adasToken, ada, false], [ada, token, false], [token, token, false],
    [ada, ben, true], [ben, adasToken, true], [token, ben, false], [token, ada, false], [adasCi, ada, false], [adasCi, adasToken, false], [adasCi, ben, true], [judge, ada, true], [judge, token, true],
  ] as const) {
    assert.equal(mayApprove(asked, by, never, both).allowed, allowed, `${asked.name} asked, ${by.name} approves`);
  }
  assert.equal(mayApprove(ada, ada, never, both).why, 'Ada asked for it: a second person must approve it, as Ben could');
  assert.match(mayApprove(ada, token, never, both).why, /^a token that is nobody’s is no second person: .* Ada .* as Ben could$/);
  assert.match(mayApprove(ada, ada, never, [ada]).why, /which nobody here could$/);
  assert.equal(mayApprove(adasCi, ada, never, both).why, 'the token deploy, which Ada made, asked for it: a second person must approve it, as Ben could');
  assert.match(mayApprove(token, ben, never, both).why, /^nobody knows who holds the token ci, so nobody is known to be another person: ask again as a person/);
});

test('where there is no second person, the settings say whether one’s own is enough', () => {
  for (const asked of [ada, token]) {
    const allowed = (able: typeof both) => OWN_APPROVALS.filter((own) => mayApprove(asked, asked, { own }, able).allowed);
    assert.deepEqual(allowed([ada]), ['while-alone', 'always']);
    assert.deepEqual(allowed([]), ['while-alone', 'always']);
    assert.deepEqual(allowed(both), ['always']);
  }
});
