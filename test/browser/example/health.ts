/** An hour of sweeps of each container, and a day of requests. */
import { createHash } from 'node:crypto';
import { compressed, type LatestProbe, storeSweep } from '../../../src/database/health/store.ts';
import { packSweep, type PackedAnswer } from '../../../src/domain/sweep-pack.ts';
import type { Verdict } from '../../../src/domain/verdict.ts';
import type { TestApi } from '../../api/harness.ts';
import type { Containers } from './containers.ts';
import type { Sites } from './sites.ts';

const SLOT_MS = 30_000;
const SLOTS = 120;
/** The failing container's sites went down so many sweeps ago. */
const DOWN_FOR = 14;
/** In it alone these do not answer. */
const NOT_THERE = ['choir.localhost', 'garden-club.org', 'garden.localhost', 'www.garden-club.org', 'museum.localhost', 'orchestra.localhost', 'dance-school.localhost', 'cycling.localhost', 'fire-brigade.localhost', 'town-hall.localhost'];

interface Target { readonly hostname: string; readonly site: string }

export async function makeHealth({ database: { pool } }: TestApi, sites: Sites, { well, failing }: Containers): Promise<void> {
  const { rows: targets } = await pool.query<Target>(
    `select h.hostname, h.site from hostname h join site s on s.id = h.site
     where h.phase = 'bound' and s.phase in ('live', 'suspended') and h.deleted_at is null order by 1`);
  const newest = Math.floor(Date.now() / SLOT_MS) * SLOT_MS;
  for (const container of [...well, failing]) for (let ago = SLOTS; ago >= 0; ago--) {
    const slot = newest - ago * SLOT_MS;
    const bad = (target: Target) => (container === failing && ago < DOWN_FOR && NOT_THERE.includes(target.hostname)) || (target.site === sites.bakery && ago < 5);
    const answers = targets.map((target, i) => answerOf(bad(target), i, ago, container === failing));
    const count = (verdict: Verdict) => answers.filter((each) => each.verdict === verdict).length;
    const names = targets.map(({ hostname }) => hostname);
    await storeSweep(pool, {
      container, incarnation: 1, packed: compressed(packSweep(answers)), names,
      sweep: {
        slot, startedAt: slot + 500, endedAt: slot + 900, intervalSeconds: SLOT_MS / 1_000, hostnames: targets.length, names: createHash('sha256').update(names.join()).digest('hex'),
        counts: { up: count('up'), slow: count('slow'), down: count('down'), unknown: 0 },
      },
      changed: ago === 0 ? targets.map((target, i) => latestOf(target, answers[i]!, newest)) : [],
    });
  }
  // What the containers were seen with may be of the minute before, by now.
  await pool.query(
    `insert into traffic (minute, container, requests)
     select date_trunc('minute', now()) - make_interval(mins => m), c, greatest(0.4, 14 + 7 * sin(m / 9.0) + 3 * sin(m * 1.7)) from generate_series(1, 90) m, unnest($1::text[]) c
     on conflict (minute, container) do update set requests = excluded.requests`,
    [[...well, failing]]);
}

/** A latency that goes up and down a little, as they do; no randomness, so that two pictures are alike. */
function answerOf(isBad: boolean, i: number, ago: number, isSlower: boolean): PackedAnswer {
  if (isBad) return { verdict: 'down', outcome: 'bad', kind: 'deep', status: 502, ms: 31 };
  const ms = 38 + 9 * (i % 5) + 8 * Math.sin(ago / 6 + i) + 5 * Math.sin(ago * 1.9 + i) + (isSlower ? 26 : 0) + (ago % 37 === 0 ? 90 : 0);
  return { verdict: 'up', outcome: 'well', kind: 'deep', status: 200, ms };
}

function latestOf({ hostname, site }: Target, { verdict, status, ms }: PackedAnswer, at: number): LatestProbe {
  const isDown = verdict === 'down';
  return {
    hostname, site, kind: 'deep', status, ms, answeredBy: isDown ? null : site, reason: isDown ? 'answered 502 instead of 200' : null, at,
    standing: { verdict, since: at - (isDown ? DOWN_FOR : SLOTS) * SLOT_MS, failures: isDown ? 3 : 0, firstFailedAt: isDown ? at - DOWN_FOR * SLOT_MS : null, successes: 0 },
  };
}
