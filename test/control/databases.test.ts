/** The direct question to a sites' database server, on one whose connections are really taken. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { askingOf } from '../../src/control/judge/databases.ts';
import { openSitesServer, type SitesServer } from '../../src/sites/server.ts';
import { type OwnServer, startOwnServer } from '../postgres.ts';

/** Of the server's 300 connections, so many are left to roles without privileges. */
const LEFT = 7;
let own: OwnServer;
let server: SitesServer;
const open: pg.Client[] = [];
before(async () => {
  own = await startOwnServer();
  const client = await connect('postgres');
  await client.query(`create role outsider login`);
  await client.query('create database s000000001 connection limit 2');
  await client.query(`alter system set reserved_connections = ${300 - 3 - LEFT}`);
  await leave();
  await own.down();
  await own.up();
  server = openSitesServer(own.url, 'local');
});
after(async () => {
  own?.resume();
  await leave();
  await server?.close();
  await own?.stop();
});

async function connect(user: string, database = 'postgres'): Promise<pg.Client> {
  const url = new URL(own.url);
  const client = new pg.Client({ host: url.hostname, port: Number(url.port), user, database });
  client.on('error', () => {});
  await client.connect();
  open.push(client);
  return client;
}
const leave = async () => { for (const client of open.splice(0)) await client.end().catch(() => {}); };
async function takeAll(user: string): Promise<void> {
  for (;;) {
    try {
      await connect(user);
    } catch (error) {
      assert.equal((error as { code?: string }).code, '53300');
      return;
    }
  }
}
const ask = async () => (await askingOf(server)(['local']))[0]!;

test('a server with room is well, one that another worker administers is unknown', async () => {
  assert.equal((await ask()).state, 'well');
  assert.deepEqual((await askingOf(server)(['elsewhere'])).map(({ state }) => state), ['unknown']);
});

test('a site that holds all its connections is named, and the server is well', async () => {
  for (const _ of [1, 2]) await connect('outsider', 's000000001');
  const { state, atLimit } = await ask();
  assert.deepEqual([state, [...atLimit]], ['well', [['s000000001', 2]]]);
  await leave();
});

test('fault 23: with every ordinary connection taken it is full, it says who has them, and the platform still works there', async () => {
  await takeAll('outsider');
  const { state, why, seen } = await ask();
  assert.equal(state, 'full', why ?? 'no reason');
  // The platform's own connection counts too.
  assert.match(why!, new RegExp(`no connection left for a site: \\d+ are in use, ${LEFT} is what sites may have`));
  assert.match(seen.join('; '), /outsider: [67] connections/);
  await server.query('create role made_meanwhile');
  await leave();
});

test('with the reserve taken as well it is full, not silent; without an answer it is silent', async () => {
  // A pool that has a connection keeps it: this question needs one of its own.
  await takeAll('postgres');
  const stranger = openSitesServer(own.url, 'local');
  assert.deepEqual((await askingOf(stranger)(['local'])).map(({ state }) => state), ['full']);
  await stranger.close();
  await leave();
  own.pause();
  assert.equal((await ask()).state, 'silent');
  own.resume();
});
