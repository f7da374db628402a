/** What people read about a site, derived from its phase, the work going on, and what was observed. Pure. */
import type { HostnamePhase, SitePhase } from './desired.ts';
import type { Condition, HostnameStatus, SiteStatus } from './resources/site.ts';
import type { RunType } from './run.ts';

export interface SiteFacts {
  readonly phase: SitePhase;
  /** Types of the open runs that hold the site. */
  readonly open: readonly RunType[];
  readonly conditions: readonly Condition[];
  /** Containers that serve an older version of it, or none, and why. */
  readonly quarantined: readonly { readonly container: string; readonly reason: string; readonly since: string }[];
  /** Its hostnames that do not answer as they should, and in which container, by the last sweep that counts. */
  readonly down: readonly { readonly hostname: string; readonly container: string; readonly reason: string | null; readonly since: string }[];
}

/** As many as help; a site may have a hundred hostnames in two hundred containers. */
const NAMED = 3;

const WORK: Partial<Record<RunType, SiteStatus>> = {
  createSite: 'creating', deleteSite: 'deleting', restoreSite: 'restoring', purgeSite: 'purging',
  suspendSite: 'suspending', resumeSite: 'resuming', upgradeSite: 'upgrading', rotateSecrets: 'rotating',
};

/** One word for the site. Work in progress goes before what it starts from; a site of which anything is wrong is degraded. */
export function siteStatus(facts: SiteFacts): SiteStatus {
  const working = facts.open.map((type) => WORK[type]).find((status) => status !== undefined);
  if (working) return working;
  if (facts.phase === 'live') return siteConditions(facts).some(({ status }) => status === 'false') ? 'degraded' : 'active';
  return facts.phase;
}

/** The recorded conditions; one more when containers refuse the site's newest version, and one when hostnames are down. */
export function siteConditions({ conditions, quarantined, down }: Pick<SiteFacts, 'conditions' | 'quarantined' | 'down'>): Condition[] {
  const derived = [...conditions];
  if (quarantined.length > 0) {
    const message = quarantined.map(({ container, reason }) => `${container}: ${reason}`).join('; ');
    derived.push({ type: 'Accepted', status: 'false', reason: 'Quarantined', message, since: earliest(quarantined) });
  }
  if (down.length > 0) {
    const named = down.slice(0, NAMED).map(({ hostname, container, reason }) => `${hostname} in ${container} (${reason ?? 'down'})`);
    const message = `not well: ${[...named, ...(down.length > NAMED ? [`and ${down.length - NAMED} more`] : [])].join(', ')}`;
    derived.push({ type: 'Healthy', status: 'false', reason: 'Down', message, since: earliest(down) });
  }
  return derived;
}

const earliest = (seen: readonly { readonly since: string }[]) => seen.map(({ since }) => since).sort()[0]!;

/** A hostname's own word, from its phase and the run that holds it. */
export function hostnameStatus(phase: HostnamePhase, holder: RunType | null): HostnameStatus {
  if (holder === 'unbindHostname') return 'unbinding';
  if (holder === 'bindHostname' || holder === 'createSite') return phase === 'bound' ? 'bound' : 'binding';
  return phase;
}
