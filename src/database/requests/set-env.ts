/** A site's own variables. Values are encrypted before they leave this process, and never read back here. */
import { randomBytes } from 'node:crypto';
import { decryptEnvValue, encryptEnvValue, type SitesKey } from '../../domain/secrets.ts';
import { envProblems } from '../../domain/site.ts';
import { ReeveError } from '../../domain/errors.ts';
import { commitChange } from '../change.ts';
import { type Asking, expecting } from './asking.ts';
import { readForUpdate, retryStale } from './read-modify-write.ts';

/**
 * Set some variables; others stay.
 * @throws ReeveError `invalid` for a name that is reserved or a value too large, `not-found`, `stale`, `unavailable`
 */
export async function setSiteEnv(asking: Asking, sitesKey: SitesKey, site: string, values: Readonly<Record<string, string>>): Promise<void> {
  refuse(envProblems(values));
  await replace(asking, site, { set: Object.keys(values) }, (env) => {
    const next = { ...env, ...encrypted(sitesKey, site, values) };
    // The limit is on all of them together, so the ones that stay count too.
    const others = Object.entries(env).filter(([name]) => !(name in values));
    const plain = Object.fromEntries(others.map(([name, stored]) => [name, decryptEnvValue(sitesKey, site, name, stored)]));
    refuse(envProblems({ ...plain, ...values }).filter((problem) => problem.name === ''));
    return next;
  });
}

/**
 * The variables of a site that is being created, as its row holds them.
 * @throws ReeveError `invalid` for a name that is reserved or a value too large, each named as `env.<name>`
 */
export function firstEnv(sitesKey: SitesKey, site: string, values: Readonly<Record<string, string>>): Record<string, string> {
  refuse(envProblems(values).map(({ name, message }) => ({ name: name ? `env.${name}` : 'env', message })));
  return encrypted(sitesKey, site, values);
}

function encrypted(sitesKey: SitesKey, site: string, values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, encryptEnvValue(sitesKey, site, name, value, randomBytes(12))]));
}

/** Remove some variables. @throws ReeveError `not-found` when one is not set, `stale`, `unavailable` */
export async function unsetSiteEnv(asking: Asking, site: string, names: readonly string[]): Promise<void> {
  await replace(asking, site, { unset: names }, (env) => {
    const missing = names.find((name) => !Object.hasOwn(env, name));
    if (missing !== undefined) throw new ReeveError('not-found', `the site has no variable ${missing}`, { site, variable: missing });
    return Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)));
  });
}

async function replace(
  asking: Asking, site: string, names: Record<string, readonly string[]>, change: (env: Record<string, string>) => Record<string, string>,
): Promise<void> {
  await retryStale(asking, async () => {
    const row = await readForUpdate(asking.db, site);
    await commitChange(asking.db, {
      actor: asking.actor, type: 'site.env-updated', reason: asking.reason, metadata: { site, ...names },
      writes: [{
        table: 'site', op: 'update', key: { id: site }, values: { env: change(row.env) },
        expect: expecting({ ...asking, rev: asking.rev ?? row.rev }, {}),
      }],
    });
  });
}

function refuse(problems: { name: string; message: string }[]): void {
  if (problems.length === 0) return;
  const errors = problems.map(({ name, message }) => ({ path: name, message }));
  throw new ReeveError('invalid', errors.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join(' '), { errors });
}
