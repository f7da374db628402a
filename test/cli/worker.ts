/**
 * Does the runs of a test's platform, as the control worker would: claims each, records its steps, makes its changes of
 * rows by the same functions, and ends it. Databases, stores and containers are left out: what is tested here is what
 * people see of a run.
 */
import { endRun } from '../../src/database/runs/end.ts';
import { commitFor } from '../../src/database/runs/commit.ts';
import { stepEnded, stepStarted } from '../../src/database/runs/steps.ts';
import { claimRun, readRun } from '../../src/database/run.ts';
import type { Write } from '../../src/database/change.ts';
import type { Pool } from '../../src/database/pool.ts';
import { type RunInputs, type RunType, STEPS } from '../../src/domain/run.ts';

interface Input {
  readonly site: string;
  readonly hostname: string;
  readonly role: string;
  readonly release: string;
}

/** The change that a run makes, named as its workflow names it. */
const EVENTS: Partial<Record<RunType, string>> = {
  createSite: 'site.published', suspendSite: 'site.suspended', resumeSite: 'site.resumed', restoreSite: 'site.restored', upgradeSite: 'site.upgraded',
  purgeSite: 'site.purged', bindHostname: 'hostname.bound', unbindHostname: 'hostname.unbound', prepareRelease: 'release.ready',
};

/** To be given to the API as `startRun`. Runs of `failing` types fail at their third step. */
export function createWorker(pool: () => Pool, failing: ReadonlySet<RunType> = new Set()) {
  const working = new Set<Promise<void>>();
  const work = async (id: string): Promise<void> => {
    if (!(await claimRun(pool(), id, `temporal-${id}`))) return;
    const { type, input } = (await readRun(pool(), id))!;
    for (const [i, name] of STEPS[type].entries()) {
      await stepStarted(pool(), { run: id, name, attempt: 1 });
      const fails = failing.has(type) && i === 2;
      await stepEnded(pool(), { run: id, name, attempt: 1, state: fails ? 'failed' : 'completed', ...(fails ? { message: 'disk full' } : {}) }, STEPS[type]);
      if (!fails) continue;
      await endRun(pool(), id, { state: 'failed', error: { type: 'step-failed', message: 'disk full' } });
      return;
    }
    const writes = await writesOf(pool(), type, input as unknown as Input);
    const { site, hostname } = input as Partial<Input>;
    const metadata = { ...(site ? { site } : {}), ...(hostname ? { hostname } : {}) };
    if (writes.length > 0) await commitFor(pool(), id, { type: EVENTS[type] ?? 'test.worked', metadata, writes });
    const next = type === 'createSite'
      ? (input as RunInputs['createSite']).further.map((each) => ({ type: 'bindHostname' as const, input: { site: (input as Partial<Input>).site!, ...each } }))
      : [];
    await endRun(pool(), id, { state: 'completed', next });
    const { rows } = await pool().query<{ id: string }>("select id from run where state = 'requested' and site = $1", [(input as Partial<Input>).site ?? null]);
    for (const row of rows) await work(row.id);
  };
  return {
    startRun(id: string): void {
      const one = work(id).catch((error) => console.error('worker', error)).finally(() => working.delete(one));
      working.add(one);
    },
    /** Resolves once nothing is being worked on. */
    async idle(): Promise<void> {
      while (working.size > 0) await Promise.all(working);
    },
  };
}

async function writesOf(pool: Pool, type: RunType, { site, hostname, role, release }: Input): Promise<Write[]> {
  const onSite = (values: Record<string, unknown>): Write => ({ table: 'site', op: 'update', key: { id: site }, values });
  const onHostname = (key: string, values: Record<string, unknown>): Write => ({ table: 'hostname', op: 'update', key: { hostname: key }, values });
  switch (type) {
    case 'createSite': return [onSite({ phase: 'live' }), onHostname(hostname, { phase: 'bound' })];
    case 'suspendSite': return [onSite({ phase: 'suspended' })];
    case 'resumeSite': return [onSite({ phase: 'live' })];
    case 'restoreSite': return [onSite({ phase: 'live', purge_at: null })];
    case 'upgradeSite': return [onSite({ release })];
    case 'purgeSite': {
      const { rows } = await pool.query<{ hostname: string }>('select hostname from hostname where site = $1 and deleted_at is null', [site]);
      return [...rows.map((each): Write => ({ table: 'hostname', op: 'delete', key: { hostname: each.hostname } })), { table: 'site', op: 'delete', key: { id: site } }];
    }
    case 'unbindHostname': return [{ table: 'hostname', op: 'delete', key: { hostname } }];
    case 'prepareRelease': return [{ table: 'release', op: 'update', key: { id: release }, values: { phase: 'ready', digest: 'abc' } }];
    case 'bindHostname': {
      const { rows } = await pool.query<{ hostname: string }>(
        "select hostname from hostname where site = $1 and role = 'primary' and phase = 'bound' and hostname <> $2 and deleted_at is null", [site, hostname]);
      const demoted = role === 'primary' ? rows.map((each) => onHostname(each.hostname, { role: 'alias' })) : [];
      return [...demoted, onHostname(hostname, { role, phase: 'bound' })];
    }
    default: return [];
  }
}
