/** Names on the server that holds the sites' databases: made from ids alone, so that nothing a person typed is in SQL. */
import { isId } from '../domain/id.ts';
import { databaseRole } from '../domain/secrets.ts';

/** A site's database has its id as its name. @throws RangeError when the text is no site's id */
export function databaseName(site: string): string {
  if (!isId('s', site)) throw new RangeError(`${JSON.stringify(site)} is not the id of a site`);
  return site;
}

/** Under this name a database is made, until it is whole. */
export const draftName = (site: string) => `${databaseName(site)}_new`;
/** Under this name a deleted site's database waits to be restored or purged. */
export const lockedName = (site: string) => `${databaseName(site)}_locked`;
/** The copy that an upgrade can go back to. @throws RangeError when `run` is no run's id */
export function snapshotName(site: string, run: string): string {
  if (!isId('w', run)) throw new RangeError(`${JSON.stringify(run)} is not the id of a run`);
  return `${databaseName(site)}_${run}`;
}
/** What a restored snapshot replaces, until it is dropped. */
export const replacedName = (site: string, run: string) => `${snapshotName(site, run)}_old`;

/** Owns all that is in a site's database; nobody can log in as it. */
export const ownerRole = (site: string) => `${databaseName(site)}_owner`;
export const loginRole = (site: string, version: number) => databaseRole(databaseName(site), version);

/** A release's template database. @throws RangeError when the text is no release's id */
export function templateName(release: string): string {
  if (!isId('r', release)) throw new RangeError(`${JSON.stringify(release)} is not the id of a release`);
  return `t_${release}`;
}
/**
 * Owns what is in a template. One a release, never one for all: REASSIGN OWNED also gives away databases, so cloning
 * one template would take another, that is being made, from a shared owner.
 */
export const templateOwner = (release: string) => `${templateName(release)}_owner`;
export const templateLogin = (release: string) => `${templateName(release)}_v1`;
