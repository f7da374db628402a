/** Tickets: what a browser keeps for us. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { derivePeopleKey } from '../../src/domain/secrets.ts';
import { makeTicket, readTicket } from '../../src/sign-in/ticket.ts';

const key = derivePeopleKey(randomBytes(32));
const ticket = makeTicket(key, 'code', { user: 'u0123456789' }, 1_000);

test('a ticket says what it said, until its end', () => {
  assert.deepEqual(readTicket(key, 'code', ticket, 999), { user: 'u0123456789' });
  assert.equal(readTicket(key, 'code', ticket, 1_000), null);
});

test('for something else, under another key, changed, or no ticket at all, it says nothing', () => {
  const forged = `${Buffer.from('{"user":"u9999999999","endsAt":1000}').toString('base64url')}.${ticket.split('.')[1]}`;
  assert.equal(readTicket(key, 'known-browser', ticket, 0), null);
  assert.equal(readTicket(derivePeopleKey(randomBytes(32)), 'code', ticket, 0), null);
  for (const text of [forged, `${ticket}x`, ticket.slice(1), ticket.replace('.', ''), '', undefined, '.', 'é.é']) assert.equal(readTicket(key, 'code', text, 0), null);
});
