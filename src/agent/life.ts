/** An agent's state as others see it, and its talk with the supervisor. */
import type { ContainerState, ContainerWanted } from '../domain/observed.ts';
import type { Log } from '../log.ts';

const HEARTBEAT_MS = 2_000;
/** The edge learns of it by NOTIFY, and looks at each member every second. */
const DRAIN_MS = 1_500;

export interface Life {
  /** The state to record, given whether everything was served just now; once ready it stays so until it drains. */
  state(converged: boolean): ContainerState;
  onWanted(wanted: ContainerWanted): void;
  /** Begin as ready: the container was, and only its agent restarted. */
  resume(): void;
  isReady(): boolean;
  close(): void;
}

export function createLife(parts: {
  log: Log;
  onReady(): void;
  /** Record the new state now. */
  record(): Promise<unknown>;
  /** The supervisor wants the process to end. */
  end(): Promise<void>;
}): Life {
  const { log } = parts;
  let state: ContainerState = 'starting';
  let drainedSaid = false;
  const say = (type: string) => { if (process.connected) process.send?.({ type }); };

  function become(next: ContainerState): void {
    if (state === next) return;
    log.info('container', { was: state, now: next });
    state = next;
  }

  async function drain(): Promise<void> {
    if (drainedSaid) return;
    drainedSaid = true;
    become('draining');
    await Promise.race([parts.record(), later(DRAIN_MS)]);
    await later(DRAIN_MS);
    say('drained');
  }

  async function end(): Promise<void> {
    become('ended');
    await Promise.race([parts.record(), later(DRAIN_MS)]);
    await Promise.race([parts.end(), later(DRAIN_MS)]);
    process.exit(0);
  }

  say('alive');
  const heartbeat = setInterval(() => say('alive'), HEARTBEAT_MS);
  process.on('message', (message) => {
    if ((message as { type?: string }).type === 'drain') void drain();
  });
  // Without its supervisor nobody would restart its siblings: let the lease lapse, and the next start clean up.
  process.once('disconnect', () => process.exit(0));
  process.once('SIGTERM', () => void end());
  if (process.connected === undefined || !process.connected) process.once('SIGINT', () => void end());

  return {
    state(converged) {
      if (converged && state === 'starting') {
        become('ready');
        parts.onReady();
      }
      return state;
    },
    onWanted(wanted) {
      if (wanted === 'drained' && (state === 'starting' || state === 'ready')) {
        become('draining');
        void parts.record();
      }
      if (wanted === 'ended') {
        if (process.connected) say('end');
        else void end();
      }
    },
    resume: () => become('ready'),
    isReady: () => state === 'ready',
    close: () => clearInterval(heartbeat),
  };
}

const later = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
