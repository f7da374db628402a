/**
 * Containers as the platform sees them: each follows the generation, holds its lease, and answers probes on its queue as
 * the test says. What a real one does is tested with the agent; here it is what the workflows make of it.
 */
import { randomBytes } from 'node:crypto';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { ContainerActivities } from '../../activities/container/index.ts';
import { joinContainer, observeContainer } from '../../src/database/container.ts';
import { listen } from '../../src/database/listen.ts';
import { makeId } from '../../src/domain/id.ts';
import { connectionSettings } from '../../src/temporal/client.ts';
import { containerQueue } from '../../src/temporal/names.ts';
import type { TestPlatform } from './platform.ts';

export interface Member {
  readonly container: string;
  /** While true it records nothing new. */
  lags: boolean;
  /** Why a hostname does not answer as expected; null when it does. */
  judge: (target: { hostname: string; expect: string; target?: string }, site: string) => Promise<string | null> | string | null;
  /** A release that does not start in it: sites that it is given on that one are quarantined. */
  refuses: string | null;
  /** What it was asked to start anew, and what it says of it. */
  readonly restarted: (readonly string[])[];
  onRestart: (sites: readonly string[]) => Awaited<ReturnType<ContainerActivities['restartVassals']>>;
  /** Its agent dies: nobody polls its queue any more, the container itself stays. */
  killAgent(): Promise<void>;
  stop(): Promise<void>;
}

export async function startMember({ pool, url, config }: TestPlatform): Promise<Member> {
  const container = makeId('c', randomBytes(9));
  await pool.query(`insert into container (id, slot, role) values ($1, $1, 'site')`, [container]);
  const incarnation = await joinContainer(pool, container, 0, { address: '127.0.0.1', port: 1, agentUrl: 'http://127.0.0.1:1', layout: null });
  const follow = async () => {
    if (member.lags) return;
    const { rows: [at] } = await pool.query<{ epoch: number; generation: number }>('select epoch, generation from platform');
    const { rows: quarantined } = await pool.query<{ site: string; wantedRev: number; servedRev: number; reason: string }>(
      `select id as site, rev as "wantedRev", rev - 1 as "servedRev", 'refused on purpose' as reason from site where deleted_at is null
         and $1 = case when trial ->> 'container' = $2 then trial ->> 'release' else release end`, [member.refuses, container]);
    await observeContainer(pool, container, incarnation, { state: 'ready', ...at, quarantined });
  };
  let whole = false;
  const { connection: settings, namespace } = connectionSettings(config);
  const connection = await NativeConnection.connect(settings as Parameters<typeof NativeConnection.connect>[0]);
  const activities: Pick<ContainerActivities, 'probeSite' | 'reconcileNow' | 'sweep' | 'describeFiles' | 'mendNow' | 'restartVassals'> = {
    restartVassals: async ({ sites }) => {
      member.restarted.push(sites);
      return member.onRestart(sites);
    },
    sweep: async ({ slot }) => ({ slot, hostnames: 2, counts: { up: 1, slow: 0, down: 1, unknown: 0 }, bad: ['bad.example.org'], ms: 1, stored: 'stored' }),
    // Its files are gone until it is told to mend them.
    describeFiles: async () => ({
      rendererVersion: 1, epoch: 1, generation: 1, files: whole ? 10 : 0, buckets: [], configuration: null, served: null, emperor: true, notRunning: [], releases: [],
      leftOut: [], heldBack: false,
    }),
    async mendNow() {
      whole = true;
      return { generation: 1, mended: 1, waitingOn: [] };
    },
    async reconcileNow({ generation }) {
      await follow();
      return { generation, waitingOn: [] };
    },
    async probeSite({ site, hostnames }) {
      return await Promise.all(hostnames.map(async (target) => {
        const reason = await member.judge(target, site);
        return { hostname: target.hostname, status: 200, ms: 1, site, ok: reason === null, reason };
      }));
    },
  };
  const worker = await Worker.create({ connection, namespace, taskQueue: containerQueue(container, incarnation), activities });
  const running = worker.run();
  let alive = true;
  const killAgent = async () => {
    if (!alive) return;
    alive = false;
    worker.shutdown();
    await running;
    await connection.close();
  };
  const member: Member = {
    container, lags: false, refuses: null, judge: () => null, restarted: [], onRestart: () => [], killAgent,
    async stop() {
      clearInterval(lease);
      await listener.close();
      await killAgent();
      await pool.query(`update container set wanted = 'ended', state = 'ended' where id = $1`, [container]);
    },
  };
  await follow();
  const quietly = () => void follow().catch(() => {});
  const listener = listen({ url, name: 'test member', channels: ['reeve'], onMessage: quietly, onConnect: quietly });
  const lease = setInterval(() => void observeContainer(pool, container, incarnation, {}).catch(() => {}), 3_000);
  return member;
}
