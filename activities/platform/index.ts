/** What the control worker can do, by name: the workflows' steps. */
import { containerActivities } from './container.ts';
import { convergeActivities } from './converge.ts';
import { databaseActivities } from './database.ts';
import { integrityActivities } from './integrity.ts';
import { memberActivities } from './member.ts';
import { ownershipActivities } from './ownership.ts';
import { probeActivities } from './probe.ts';
import { publishHostnameActivities } from './publish-hostname.ts';
import { publishReleaseActivities } from './publish-release.ts';
import { publishSiteActivities } from './publish-site.ts';
import { releaseActivities } from './release.ts';
import { remediationActivities } from './remediation.ts';
import { replacementActivities } from './replacement.ts';
import { runActivities } from './run.ts';
import { scalingActivities } from './scaling.ts';
import { publishSecretsActivities, secretsActivities } from './secrets.ts';
import { settleActivities } from './settle.ts';
import { storeActivities } from './store.ts';
import { sweepActivities } from './sweep.ts';

export type StateDeps = Parameters<typeof runActivities>[0] & Parameters<typeof convergeActivities>[0]
  & Parameters<typeof ownershipActivities>[0] & Parameters<typeof publishReleaseActivities>[0];

/** Those that read and write the platform's state alone. */
export function stateActivities(deps: StateDeps) {
  return {
    ...runActivities(deps),
    ...publishSiteActivities(deps),
    ...publishHostnameActivities(deps),
    ...publishReleaseActivities(deps),
    ...publishSecretsActivities(deps),
    ...memberActivities(deps),
    ...ownershipActivities(deps),
    ...convergeActivities(deps),
    ...probeActivities(deps),
    ...sweepActivities(deps),
    ...scalingActivities(deps),
    ...remediationActivities(deps),
    ...replacementActivities(deps),
  };
}

export type PartsDeps = Parameters<typeof databaseActivities>[0] & Parameters<typeof storeActivities>[0]
  & Parameters<typeof releaseActivities>[0] & Parameters<typeof containerActivities>[0]
  & Parameters<typeof integrityActivities>[0];

/** Those that make and drop what sites, releases and containers are made of. */
export function partsActivities(deps: PartsDeps) {
  return {
    ...databaseActivities(deps),
    ...storeActivities(deps),
    ...secretsActivities(deps),
    ...settleActivities(deps),
    ...releaseActivities(deps),
    ...containerActivities(deps),
    ...integrityActivities(deps),
  };
}

export type PartsActivities = ReturnType<typeof partsActivities>;
export type PlatformActivities = ReturnType<typeof stateActivities> & PartsActivities;

/** All of them. */
export function platformActivities(deps: StateDeps & PartsDeps): PlatformActivities {
  return { ...stateActivities(deps), ...partsActivities(deps) };
}
