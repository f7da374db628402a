/** The hostnames of one site inside this container, asked as its visitors would, for a run that waits for the answer. */
import { portOf } from '../domain/address.ts';
import type { Desired } from '../domain/desired.ts';
import { healthCheckOf, kindOf, type ProbeTarget } from '../domain/probe.ts';
import { createRequester } from './sweep/request.ts';
import { MOST_AT_ONCE, probeAll } from './sweep/round.ts';

export type { Expectation, ProbeTarget } from '../domain/probe.ts';
export { judge } from '../domain/probe.ts';

export interface ProbeResult {
  readonly hostname: string;
  /** Null when nothing answered. */
  readonly status: number | null;
  readonly ms: number;
  /** The site that answered, by nginx's word; null when none did. */
  readonly site: string | null;
  readonly ok: boolean;
  /** Why not. */
  readonly reason: string | null;
}

export interface Prober {
  /**
   * Each hostname of one site; never throws for what a hostname answers. After 18 s at most: of a site that hangs a few
   * are asked and the others said to hang; of thousands, those that there was no time for are left out.
   */
  probe(desired: Desired, site: string, targets: readonly ProbeTarget[], timeoutMs?: number): Promise<ProbeResult[]>;
  close(): Promise<void>;
}

/** New ones are asked for so long; whoever asked for the probe gives it 20 s. */
const ASK_FOR_MS = 8_000;

export function prober(probeSocket: string, longestMs = 10_000): Prober {
  const requester = createRequester(probeSocket, MOST_AT_ONCE);
  return {
    async probe(desired, site, targets, timeoutMs = longestMs) {
      const health = healthCheckOf(desired, site);
      const publicScheme = desired.settings.publicScheme;
      const asked = targets.map((target) => {
        const { hostname, scheme = publicScheme, host = `${hostname}${portOf(desired.settings, scheme)}` } = target;
        return { ...target, site, kind: kindOf(target), health, scheme, host };
      });
      const probed = await probeAll(requester, asked, { timeoutMs, askForMs: ASK_FOR_MS });
      return probed.filter(({ outcome }) => outcome !== 'unknown').map(({ target, status, ms, answeredBy, reason }) =>
        ({ hostname: target.hostname, status, ms: Math.round(ms * 10) / 10, site: answeredBy, ok: reason === null, reason }));
    },
    close: () => requester.close(),
  };
}
