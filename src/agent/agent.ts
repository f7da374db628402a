/** The agent of one container: what it is made of, and how the parts are put together. */
import { readFileSync, rmSync } from 'node:fs';
import { agentToken, type SitesKey } from '../domain/secrets.ts';
import { ReeveError } from '../domain/errors.ts';
import { NEVER } from '../domain/generation.ts';
import { places } from '../domain/layout.ts';
import type { ContainerRecord } from '../domain/observed.ts';
import { s3Credentials } from '../storage/s3-credentials.ts';
import { createContainerRenderer } from '../render/container.ts';
import { edgeLayoutOf } from '../render/edge.ts';
import { listen } from '../database/listen.ts';
import { createPool } from '../database/pool.ts';
import { type ContainerConfig, layoutOf, readConfig } from './config.ts';
import { prepareRoot } from './files/root.ts';
import { createTree } from './files/tree.ts';
import { askEdge } from './edge/ask.ts';
import { edgeDescriber, membersOf } from './edge/describe.ts';
import { edgeMembers } from './edge/members.ts';
import { edgeRenderer } from './edge/renderer.ts';
import { createLease } from './lease.ts';
import { createLife } from './life.ts';
import { giveBack } from './give-back.ts';
import { containerLoad } from './load.ts';
import { execForSite } from './listener/exec.ts';
import { streamLogs } from './listener/logs.ts';
import { createMetrics } from './listener/metrics.ts';
import { openListener } from './listener/server.ts';
import { createLog, messageOf } from '../log.ts';
import { rotateLogs } from './nginx/rotate.ts';
import { answerFiles } from './integrity/answer.ts';
import { describer } from './integrity/describe.ts';
import { lookAt } from './integrity/look.ts';
import { createOverlay } from './nginx/overlay.ts';
import { proofReader } from './nginx/proof.ts';
import { prober } from './probe.ts';
import { goneSites } from './reconcile/gone-sites.ts';
import { createLoop } from './reconcile/loop.ts';
import { preparer } from './reconcile/prepare.ts';
import { createPass, type ReconcileResult } from './reconcile/pass.ts';
import { desiredReader } from './reconcile/read.ts';
import { routing } from './reconcile/routing.ts';
import { siteFiles } from './reconcile/site-files.ts';
import { vassals } from './reconcile/vassals.ts';
import { siblingsOf } from './signals.ts';
import { startSweeps } from './sweep/index.ts';
import { cutLog } from './vassals/cut-log.ts';
import { applied } from './state/applied.ts';
import { createFolding } from './state/folding.ts';
import { lastKnownGood } from './state/last-known-good.ts';
import { createRecall } from './state/recall.ts';
import { quarantineBook } from './state/quarantine.ts';
import { type Masking, masking } from './vassals/masking.ts';
import { tracebackOf } from './vassals/traceback.ts';
import type { ContainerWorker } from './worker.ts';

/** Without a word from the platform, look this often. */
const LOOK_EVERY_MS = 15_000;
const LOG_BYTES = 10 * 1024 * 1024;
/** Temporal's worker has been loaded by then. */
const GIVE_BACK_AFTER_MS = 5_000;
const NO_RECORD: ContainerRecord = {
  ...NEVER, state: 'starting', digests: { desired: '', files: '' }, waitingOn: [], quarantined: [], drift: [],
  vassals: { awake: 0, asleep: 0, starting: 0, failing: 0 },
};

/**
 * Run the agent until its supervisor, a signal or the platform ends it.
 * @param configFile a JSON file in the shape of `ContainerConfig`
 */
export async function runAgent(configFile: string): Promise<void> {
  const config = readConfig(configFile);
  const layout = layoutOf(config);
  const log = createLog({ container: config.id, part: 'agent' });
  const sitesKey = config.sitesKeyFile === null ? null : Buffer.from(readFileSync(config.sitesKeyFile, 'utf8').trim(), 'hex');
  prepareRoot(layout);

  const pool = createPool(config.databaseUrl, { name: `reeve agent ${config.id}`, max: 3 });
  const siblings = siblingsOf(config.root);
  const kept = lastKnownGood(layout);
  const folding = createFolding({ kept, log });
  const book = quarantineBook(`${config.root}/quarantine.json`);
  const metrics = createMetrics(config.role);
  const load = containerLoad(process.ppid, `${config.root}/log/nginx-access.log`, (answers) => metrics.answered(answers));
  const reader = desiredReader(pool, kept, log, () => loop.request(), startAnew, config.id);
  const recall = config.role === 'site' ? createRecall({ layout, kept, log, sitesKey: sitesKey ?? missing('the sites key') }) : null;
  const before = recall?.take();
  const tree = createTree(before?.files);
  let record = NO_RECORD;
  let worker: ContainerWorker | null = null;
  let isSettled = false;

  const proof = proofReader(places.probeSocket(layout));
  const isEdge = config.role === 'edge';
  const nginx = routing({ layout, siblings, log, proof, isHurried: () => loop.isRequested(), ...(isEdge ? {} : { overlay: createOverlay(layout) }) });
  const members = isEdge ? edgeMembers({ pool, log, file: `${config.root}/members.json`, onChange: () => loop.request() }) : null;
  const masked: Masking = sitesKey === null ? () => null : masking({ layout, secrets: secretsOf(sitesKey), book, desired: () => reader.current() });
  const running = !isEdge && config.emperor
    ? vassals({ layout, tree, siblings, log, masked, pace: config.pace, onAnswer: () => loop.request() })
    : null;
  const ofEdge = members && edgeRenderer(edgeLayoutOf(layout), members);
  const own = sitesKey === null ? null : createContainerRenderer(layout, secretsOf(sitesKey), before?.recalled);
  const prepared = preparer({
    book, log,
    renderer: ofEdge ?? own ?? missing('the sites key'),
    test: (rendered) => nginx.test(rendered),
    inService: (site) => (running === null ? undefined : running.inService(site)),
  });
  const files = isEdge ? null : siteFiles(layout, tree, before?.sites);
  const gone = files && goneSites({ layout, files, log, vassals: running, desired: () => reader.current() });
  const { pass, mendNext } = createPass({
    reader, book, tree, log, folding, applied: applied(`${config.root}/applied.json`), routing: nginx, vassals: running, files, gone,
    preparer: prepared,
    state: (converged) => life.state(converged),
  });
  const self = isEdge || sitesKey === null
    ? null
    : describer({ layout, routing: nginx, vassals: running, heldBack: () => [...book.held.keys()].filter(prepared.isHeldBack), proof, sitesKey, desired: () => reader.current() });
  /** Compare every file and try what was held back again, as far as it goes: an operator's word, and a check's. */
  const mendNow = async () => {
    mendNext();
    book.retryAll();
    const first = await loop.run();
    if (!first.isPassing) return first.record;
    await nginx.settled();
    return (await loop.run()).record;
  };
  const loop = createLoop<ReconcileResult>({
    intervalMs: LOOK_EVERY_MS,
    onError: (error) => log.warn('a pass failed', { error: String(error), stack: (error as Error).stack }),
    async pass() {
      const start = performance.now();
      members?.read();
      const result = await pass();
      record = { ...result.record, load: load.read(result.record.vassals) };
      metrics.observe(record, (performance.now() - start) / 1_000);
      lease.report(record, result.isPassing);
      rotate();
      const current = reader.current();
      if (result.againInMs === null && current) folding.settled(current);
      if (result.againInMs === null && current && own && record.waitingOn.length === 0) {
        recall?.settled(current, own, tree);
        if (!isSettled) setTimeout(giveBack, GIVE_BACK_AFTER_MS).unref();
        isSettled = true;
      }
      return result;
    },
  });

  /** As another incarnation that knows nothing; the supervisor starts it, and meanwhile its siblings serve on. */
  function startAnew(): void {
    log.warn('what is kept is older than the platform’s tombstones', { savedAt: kept.savedAt() });
    kept.forget();
    rmSync(`${config.root}/incarnation.json`, { force: true });
    process.exit(1);
  }

  function rotate(): void {
    try {
      const rotated = rotateLogs(places.nginxLogs(layout), config.logBytes ?? LOG_BYTES, () => siblings.signal('nginx', 'SIGUSR1'));
      rotated.push(...[places.emperorLog(layout), places.supervisorLog(layout)].filter((each) => cutLog(each, config.logBytes ?? LOG_BYTES)));
      if (rotated.length > 0) log.info('logs rotated', { logs: rotated });
    } catch (error) {
      log.warn('logs cannot be rotated', { error: messageOf(error) });
    }
  }

  const inside = prober(places.probeSocket(layout));
  const sweeper = isEdge ? null : startSweeps({
    pool, log, container: config.id, incarnation: () => lease.incarnation(), desired: () => reader.current(),
    probeSocket: places.probeSocket(layout),
  });
  const listener = await openListener({
    listen: config.agentListen, log,
    token: () => (lease.incarnation() === 0 || sitesKey === null ? null : agentToken(sitesKey, config.id, lease.incarnation())),
    handlers: {
      health: () => ({ ok: true, state: record.state, generation: record.generation, worker: worker?.isPolling() ?? false }),
      metrics: () => metrics.text(),
      state: () => ({ container: config.id, incarnation: lease.incarnation(), ...record, held: Object.fromEntries(book.held) }),
      reconcile: mendNow,
      look: async (asked) => await lookAt(String((asked as { hostname?: unknown } | null)?.hostname), { layout, masked, desired: reader.current(), prober: inside, vassals: running }),
      files: async (asked) => await answerFiles(self ?? missing('files of sites'), asked),
      ...(ofEdge ? {
        description: edgeDescriber({ layout, routing: nginx, rendering: ofEdge, proof, desired: () => reader.current() }),
        answer: (hostname) => askEdge(hostname, { socket: places.probeSocket(layout), desired: reader.current(), members: membersOf(ofEdge, nginx.serving()) }),
      } : {}),
      traceback: (site) => ({ traceback: tracebackOf(layout, masked, site) }),
      logs: (site, query, response) => streamLogs(layout, site, query, response),
      exec: async (site, body, request, response) =>
        execForSite({ layout, desired: reader.current() ?? missing('any state'), site, body }, request, response),
    },
  });

  /** Loaded only now: Temporal's code takes half a second and 40 MB, and nothing that serves waits for it. */
  async function startActivities(temporal: NonNullable<ContainerConfig['temporal']>, incarnation: number): Promise<void> {
    const [{ startWorker }, { createContainerActivities }] = await Promise.all([
      import('./worker.ts'), import('../../activities/container/index.ts'),
    ]);
    worker = startWorker({
      temporal, container: config.id, incarnation, log,
      activities: createContainerActivities({
        incarnation, prober: inside, sweeper: sweeper ?? missing('hostnames'), desired: () => reader.current(), isCurrent: () => lease.isCurrent(),
        reconcile: async () => { const { record: now } = await loop.run(); return { served: now, waitingOn: now.waitingOn }; },
        restart: async (sites) => await (running ?? missing('an emperor')).restart(reader.current() ?? missing('any state'), sites),
        mend: mendNow, describe: async () => await (self ?? missing('files of sites')).describe(),
      }),
    });
  }

  const lease = createLease({
    pool, container: config.id, file: `${config.root}/incarnation.json`, log,
    place: () => ({ ...config.listen, agentUrl: listener.url, layout }),
    onJoined(incarnation) {
      // After a pass: loading Temporal's code keeps this process's one thread busy, and serving comes first.
      const passed = loop.run().catch(() => null);
      const { temporal } = config;
      if (temporal && !isEdge) void passed.then(() => startActivities(temporal, incarnation));
    },
    onWanted: (wanted) => life.onWanted(wanted),
  });
  const life = createLife({
    log, onReady: () => lease.markReady(),
    async record() {
      record = { ...record, state: life.state(false), drift: [] };
      lease.report(record);
      await lease.flush();
    },
    async end() {
      lease.close();
      members?.close();
      await Promise.all([loop.close(), listening.close(), listener.close(), worker?.close(), inside.close(), sweeper?.close()]);
      await pool.end();
    },
  });
  if (lease.wasReady()) life.resume();
  const listening = listen({
    url: config.databaseUrl, name: `reeve agent ${config.id} listen`, channels: isEdge ? ['reeve', 'reeve_member'] : ['reeve'],
    onMessage: (channel) => (channel === 'reeve' ? loop.request() : members?.read()),
    onConnect() {
      // It may be another database than before, one that was restored.
      reader.compareAll();
      members?.read();
      loop.request();
    },
  });
  loop.request();
}

function missing(what: string): never {
  throw new ReeveError('unavailable', `this container does not have ${what} yet`);
}

/** What a site's own files hold of secrets: all of it follows from the sites key. */
const secretsOf = (sitesKey: SitesKey) => ({ sitesKey, s3Credentials: s3Credentials(sitesKey) });
