import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createClient } from '../../src/api/client.ts';
import { ensureFirstToken, serveApi } from '../../src/api/serve.ts';
import { readConfig } from '../../src/config.ts';
import { isReeveError } from '../../src/domain/errors.ts';
import { testDatabase, type TestDatabase } from '../postgres.ts';
import { seed } from './harness.ts';

let database: TestDatabase;
const directory = mkdtempSync(join(tmpdir(), 'reeve-serve-'));
before(async () => {
  database = await testDatabase();
  await seed(database);
  writeFileSync(join(directory, 'key'), randomBytes(32).toString('hex'), { mode: 0o600 });
});
after(async () => {
  await database.drop();
  rmSync(directory, { recursive: true, force: true });
});

const config = (port: number) => readConfig({
  REEVE_DATABASE_URL: database.url, REEVE_SITES_DATABASE_URL: database.url, REEVE_MASTER_KEY_FILE: join(directory, 'key'),
  REEVE_RELEASES_DIR: directory, REEVE_STORES_DIR: directory, REEVE_API_PORT: String(port), REEVE_API_LISTEN: '127.0.0.1,::1',
  // Nobody listens there: Temporal is away.
  TEMPORAL_ADDRESS: '127.0.0.1:9',
});
const log = { info() {}, error() {} };

test('it serves on both loopback addresses, and with Temporal away runs are kept', async () => {
  const served = await serveApi(config(0), { log });
  try {
    assert.ok(served.addresses.length >= 1 && served.addresses[0]!.startsWith('http://127.0.0.1:'));
    const token = (await ensureFirstToken(database.pool))!;
    for (const api of served.addresses) {
      const client = createClient({ api, token });
      const name = api.includes('[') ? 'six' : 'four';
      const site = await client.request('POST', '/sites', { body: { name } });
      assert.equal((await client.request('GET', `/runs/${site.run.id}`)).state, 'requested');
      const ready = await client.request('GET', '/readyz');
      assert.deepEqual(ready, { ready: true, database: 'here', temporal: 'away' });
    }
    const port = Number(new URL(served.addresses[0]!).port);
    await assert.rejects(serveApi(config(port), { log }), (error) => isReeveError(error, 'conflict') && /taken/.test(error.message));
  } finally {
    await served.close();
  }
  await assert.rejects(fetch(served.addresses[0]!));
});
