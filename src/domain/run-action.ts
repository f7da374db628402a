import type { Action } from './permission.ts';
import type { RunType } from './run.ts';

/**
 * What its own route asks of whoever wants such a run: so does asking for the same once more. What is not here is Reeve's
 * own work, which it asks for again by itself.
 */
export const RUN_ACTION: Readonly<Partial<Record<RunType, Action>>> = {
  createSite: 'site:create',
  deleteSite: 'site:delete',
  restoreSite: 'site:restore',
  purgeSite: 'site:purge',
  suspendSite: 'site:suspend',
  resumeSite: 'site:resume',
  upgradeSite: 'site:upgrade',
  rotateSecrets: 'site:rotate-secrets',
  bindHostname: 'hostname:bind',
  unbindHostname: 'hostname:unbind',
  prepareRelease: 'release:create',
  launchContainer: 'container:launch',
  drainContainer: 'container:drain',
  regenerateContainer: 'container:regenerate',
  // The judge's own; by hand it is what it begins with.
  remediateContainer: 'container:regenerate',
  replaceContainer: 'container:replace',
};
