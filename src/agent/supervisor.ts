/**
 * The parent of a container's three siblings: nginx, the uWSGI emperor and the agent. It decides nothing about sites;
 * it keeps each sibling running alone, and ends all of them in order. Serving needs no agent: nginx and the emperor
 * start from what is on disk, whether or not Postgres can be reached.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { places } from '../domain/layout.ts';
import { layoutOf, readConfig } from './config.ts';
import { createLog, messageOf } from '../log.ts';
import { prepareRoot } from './files/root.ts';
import { type Supervised, supervise } from './supervise/child.ts';
import { agentCommand, clearNginxSockets, emperorCommand, nginxCommand } from './supervise/commands.ts';
import { endLeftovers, type Sibling, writePids } from './supervise/pids.ts';
import { identify, type ProcessIdentity } from './supervise/processes.ts';

/**
 * Of an agent that has spoken, which it does every two seconds: the next one is to be there before the lease of the one
 * that hangs has lapsed (15 s), or the container would be replaced for what its supervisor mends. Until its first word, more.
 */
const AGENT_SILENCE_MS = 8_000;
const AGENT_START_MS = 30_000;
const WATCH_EVERY_MS = 1_000;
/** The edge takes a draining container out by its record, or by its check within two seconds. */
const DRAIN_MS = 5_000;
const NGINX_QUIT_MS = 30_000;
const EMPEROR_STOP_MS = 15_000;
const AGENT_STOP_MS = 5_000;
/** Of everything, when it is to stop at once. */
const STOP_NOW_MS = 1_000;

/**
 * Run a container until SIGTERM (drain, then end: other containers go on serving) or SIGINT (end at once: everything
 * stops, so there is nobody to drain to), or until the platform wants it ended.
 * @param configFile a JSON file in the shape of `ContainerConfig`
 * @throws when the file cannot be used, or another supervisor runs the same root
 */
export async function runContainer(configFile: string): Promise<void> {
  const config = readConfig(configFile);
  const layout = layoutOf(config);
  const { root } = config;
  const log = createLog({ container: config.id, part: 'supervisor' });

  mkdirSync(root, { recursive: true });
  const ended = await endLeftovers(root);
  if (ended > 0) log.warn('ended what a killed supervisor left', { processes: ended });
  prepareRoot(layout);
  // A start of the container is a new incarnation; a restart of the agent is not.
  rmSync(`${root}/incarnation.json`, { force: true });

  const pids: Partial<Record<Sibling, ProcessIdentity>> = {};
  let recorded = true;
  function record(): void {
    try {
      writePids(root, { supervisor: identify(process.pid), siblings: pids });
      recorded = true;
    } catch (error) {
      // A full disk ends nobody. Until it can be written, only signals to a sibling that was started anew go nowhere.
      if (recorded) log.warn('who runs here cannot be recorded', { error: messageOf(error) });
      recorded = false;
    }
  }
  const noted = (name: Sibling) => (one: ProcessIdentity | null) => {
    if (one) pids[name] = one;
    else delete pids[name];
    record();
  };
  record();

  const silenceMs = config.agentSilenceMs ?? AGENT_SILENCE_MS;
  let heard = performance.now();
  let hasSpoken = false;
  let drained = () => {};
  let end = () => {};
  const wanted = new Promise<void>((resolve) => { end = resolve; });
  const common = { root, log };
  const nginx = supervise({
    ...common, name: 'nginx', command: () => nginxCommand(layout), prepare: () => clearNginxSockets(layout),
    onChange: noted('nginx'),
  });
  const emperor: Supervised | null = config.role === 'site' && config.emperor
    ? supervise({
        ...common, name: 'emperor', command: () => emperorCommand(layout), onChange: noted('emperor'),
        prepare: () => rmSync(places.emperorStats(layout), { force: true }),
      })
    : null;
  const agent = supervise({
    ...common, name: 'agent', command: () => agentCommand(layout, configFile),
    onChange: (one) => { heard = performance.now(); hasSpoken = false; noted('agent')(one); },
    onMessage: (message) => {
      heard = performance.now();
      hasSpoken = true;
      const { type } = message as { type?: string };
      if (type === 'drained') drained();
      if (type === 'end') end();
    },
  });
  let watchedAt = performance.now();
  const watchdog = setInterval(() => {
    if (!recorded) record();
    // Who was paused itself, with its agent, has not listened.
    if (performance.now() - watchedAt > 3 * WATCH_EVERY_MS) heard = performance.now();
    watchedAt = performance.now();
    if (performance.now() - heard < (hasSpoken ? silenceMs : Math.max(silenceMs, AGENT_START_MS))) return;
    log.warn('the agent hangs', { silentMs: Math.round(performance.now() - heard) });
    heard = performance.now();
    agent.restart();
  }, WATCH_EVERY_MS);

  async function endGently(): Promise<void> {
    log.info('draining');
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, DRAIN_MS);
      drained = () => { clearTimeout(timer); resolve(); };
      agent.send({ type: 'drain' });
    });
    clearInterval(watchdog);
    await nginx.stop('SIGQUIT', NGINX_QUIT_MS);
    await emperor?.stop('SIGTERM', EMPEROR_STOP_MS);
    await agent.stop('SIGTERM', AGENT_STOP_MS);
  }

  async function endNow(): Promise<void> {
    log.info('stopping at once');
    clearInterval(watchdog);
    // It may be draining already.
    drained();
    await Promise.all([
      nginx.stop('SIGTERM', STOP_NOW_MS), emperor?.stop('SIGTERM', STOP_NOW_MS), agent.stop('SIGTERM', STOP_NOW_MS),
    ]);
  }

  const interrupted = new Promise<void>((resolve) => process.once('SIGINT', () => resolve()));
  process.once('SIGTERM', end);
  await Promise.race([wanted.then(endGently), interrupted.then(endNow)]);
  rmSync(`${root}/pids.json`, { force: true });
  log.info('ended');
}

/** The same for an edge: nginx and an agent with the edge's renderer, no emperor. */
export const runEdge = runContainer;
