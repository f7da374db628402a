/** Every container reloads at once, each second for a minute, under traffic at the edge: no GET fails. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { createSite } from '../platform.ts';
import { platform, purgeSites } from './platform.ts';

const RELOADS = 60;
const VISITORS = 4;
/** Sixty requests a second in all; without a pause what runs beside this would get no processor. */
const PAUSE_MS = 60;
/** A file, which nginx gives by itself, costs a tenth of a page: of what a reload may cut they are the same, so three of four are one. */
const asks = (count: number) => (count % 4 === 0 ? '/' : '/static/shop/shop.css');

describe('every container reloads at once', () => {
  before(() => createSite(platform, 'busy'), { timeout: 2 * 60_000 });
  after(purgeSites);

  test('no GET fails while every container reloads at once, each second for a minute', { timeout: 5 * 60_000 }, async () => {
    const { items } = await platform.api.request('GET', '/containers');
    const nginx = items.filter((one: { role: string }) => one.role === 'site').map((one: { id: string }) => {
      const { siblings } = JSON.parse(readFileSync(join(platform.home, 'containers', one.id, 'pids.json'), 'utf8'));
      return siblings.nginx.pid as number;
    });
    assert.equal(nginx.length, 2);

    const edge = new URL(platform.access.edge);
    const visitors = new Pool(edge.origin, { connections: VISITORS });
    const failures: string[] = [];
    let answered = 0;
    let reloading = true;
    const visiting = Array.from({ length: VISITORS }, async () => {
      for (let count = 0; reloading; count += 1) {
        try {
          const { statusCode, body } = await visitors.request({ method: 'GET', path: asks(count), headers: { host: `busy.localhost:${edge.port}` } });
          const text = await body.text();
          if (statusCode === 200) answered += 1;
          else failures.push(`${statusCode} ${text.slice(0, 200)}`);
        } catch (error) {
          failures.push(String(error));
        }
        await delay(PAUSE_MS);
      }
    });
    // The second between two is what is tested, not a wait for something.
    for (let n = 0; n < RELOADS; n += 1) {
      for (const pid of nginx) process.kill(pid, 'SIGHUP');
      await delay(1_000);
    }
    reloading = false;
    await Promise.all(visiting);
    await visitors.close();
    assert.deepEqual(failures, [], `${failures.length} of ${answered + failures.length} failed`);
    assert.ok(answered > RELOADS, `${answered} answered`);
  });
});
