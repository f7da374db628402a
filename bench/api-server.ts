/** The measured process of bench/api.ts: the API, and a bare Express route beside it to compare with. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomBytes } from 'node:crypto';
import express from 'express';
import { createApi } from '../src/api/create.ts';
import { createPool } from '../src/database/pool.ts';

const [, , databaseUrl] = process.argv;
const pool = createPool(databaseUrl!, { name: 'bench api', max: 16 });
const api = createApi({
  pool, sitesKey: randomBytes(32), alertsKey: randomBytes(32), peopleKey: randomBytes(32), log: { info() {}, error: console.error },
  config: { REEVE_DATABASE_URL: databaseUrl!, REEVE_SITES_SERVER: 'local', REEVE_TEMPORAL_UI: undefined, TEMPORAL_NAMESPACE: 'default' },
});
const bare = express();
const body = { id: 's0123456789', name: 'alpha', status: 'active' };
bare.get('/bare', (_request, response) => void response.json(body));

const ports = await Promise.all([createServer(api.app), createServer(bare)].map((server) =>
  new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))));
process.send!({ api: ports[0], bare: ports[1] });
