/** The one permission check (DESIGN.md §10): every route asks it, and shows its answer. */

/** `resource:verb`, and which of the roles may do it: each role may do what the one before it may. */
const ACTIONS = {
  'platform:read': 'viewer',
  'site:read': 'viewer',
  'hostname:read': 'viewer',
  'container:read': 'viewer',
  'run:read': 'viewer',
  'event:read': 'viewer',
  'health:read': 'viewer',
  'release:read': 'viewer',
  'database-server:read': 'viewer',
  'approval:read': 'viewer',
  'incident:read': 'viewer',
  'remediation:read': 'viewer',
  'settings:read': 'viewer',
  'alert:read': 'viewer',
  'user:read': 'viewer',
  'team:read': 'viewer',
  'role:read': 'viewer',
  'grant:read': 'viewer',
  // Of oneself: whoever is known may.
  'me:read': 'viewer',
  'me:update': 'viewer',
  'site:logs': 'editor',
  'site:create': 'editor',
  'site:update': 'editor',
  'site:suspend': 'editor',
  'site:resume': 'editor',
  'site:login': 'editor',
  'env:read': 'editor',
  'env:write': 'editor',
  'hostname:bind': 'editor',
  'hostname:update': 'editor',
  'hostname:unbind': 'editor',
  'site:delete': 'operator',
  'site:restore': 'operator',
  'site:upgrade': 'operator',
  'site:rotate-secrets': 'operator',
  'site:exec': 'operator',
  'container:launch': 'operator',
  'container:drain': 'operator',
  'container:check': 'operator',
  'container:regenerate': 'operator',
  'container:replace': 'operator',
  'incident:acknowledge': 'operator',
  'platform:pause': 'operator',
  'platform:resume': 'operator',
  'run:cancel': 'operator',
  'run:retry': 'operator',
  // A release is code that runs as every site of it.
  'release:create': 'operator',
  'approval:decide': 'operator',
  'audit:read': 'operator',
  'alert:write': 'operator',
  'alert:test': 'operator',
  'site:purge': 'owner',
  'settings:update': 'owner',
  'token:read': 'owner',
  'token:create': 'owner',
  'token:revoke': 'owner',
  'user:invite': 'owner',
  'user:update': 'owner',
  'user:remove': 'owner',
  'team:write': 'owner',
  'role:write': 'owner',
  'grant:write': 'owner',
  'session:read': 'owner',
  'session:end': 'owner',
} as const satisfies Record<string, Role>;

export type Action = keyof typeof ACTIONS;
export type Role = 'viewer' | 'editor' | 'operator' | 'owner';

export const ROLES: readonly Role[] = ['viewer', 'editor', 'operator', 'owner'];

export const isRole = (name: string): name is Role => (ROLES as readonly string[]).includes(name);
export const isAction = (name: string): name is Action => Object.hasOwn(ACTIONS, name);
export const ALL_ACTIONS = Object.keys(ACTIONS) as readonly Action[];

/** Each role as the set of actions that it is. */
export const ROLE_ACTIONS: Readonly<Record<Role, ReadonlySet<Action>>> = Object.fromEntries(
  ROLES.map((role, rank) => [role, new Set(ALL_ACTIONS.filter((action) => ROLES.indexOf(ACTIONS[action]) <= rank))]),
) as unknown as Record<Role, ReadonlySet<Action>>;

/** A role on the platform, or on one site alone. */
export interface Grant {
  /** A built-in role, or the name of one of people's own making, which has its actions with it. */
  readonly role: string;
  readonly actions?: ReadonlySet<Action>;
  readonly site?: string;
  /** The name of the team that it came through. */
  readonly team?: string;
  /** From then on it gives nothing. */
  readonly endsAt?: Date;
}

/** What a token was made for, whatever its owner may. */
export interface Limit {
  readonly name: string;
  readonly actions?: ReadonlySet<Action>;
  /** These alone; the platform is not one of them. */
  readonly sites?: readonly string[];
}

/** Whoever acts, with what they were given. */
export interface Grantee {
  readonly name: string;
  readonly grants: readonly Grant[];
  readonly limit?: Limit;
}

/** What is acted on; without a site it is the platform as a whole. */
export interface Resource {
  readonly site?: string;
}

export interface Decision {
  readonly allowed: boolean;
  /** In words, for the person. */
  readonly why: string;
}

const actionsOf = ({ role, actions }: Grant): ReadonlySet<Action> => actions ?? (isRole(role) ? ROLE_ACTIONS[role] : new Set());
const lasts = ({ endsAt }: Grant, at: Date): boolean => endsAt === undefined || at < endsAt;
const covers = (grant: Grant, { site }: Resource): boolean => grant.site === undefined || grant.site === site;
const gives = (grant: Grant, action: Action, resource: Resource, now: Date): boolean =>
  covers(grant, resource) && lasts(grant, now) && actionsOf(grant).has(action);

/** What a limit takes away; null when it takes nothing away. */
function beyond(limit: Limit | undefined, action: Action, { site }: Resource): string | null {
  if (limit?.actions && !limit.actions.has(action)) return `${action} is more than ${limit.name} was made for`;
  if (limit?.sites && (site === undefined || !limit.sites.includes(site))) return `${limit.name} was made for ${sitesInWords(limit.sites)} alone`;
  return null;
}

/** Whether the actor may do that to it now, and why, or why not. */
export function can(actor: Grantee, action: Action, resource: Resource, now: Date): Decision {
  const refused = beyond(actor.limit, action, resource);
  if (refused !== null) return { allowed: false, why: refused };
  const giving = actor.grants.find((grant) => gives(grant, action, resource, now));
  if (giving) return { allowed: true, why: `${actor.name} is ${inWords(giving)}` };
  const there = actor.grants.filter((grant) => covers(grant, resource));
  const held = [...new Set(there.filter((grant) => lasts(grant, now)).map((grant) => grant.role))];
  const has = held.length > 0 ? `is ${held.join(' and ')} there` : 'has no role there';
  // Asked of the platform it may be about a site that is not known yet.
  const ended = actor.grants.find((grant) => (resource.site === undefined || covers(grant, resource)) && !lasts(grant, now) && actionsOf(grant).has(action));
  return {
    allowed: false,
    why: `${action} takes the role ${ACTIONS[action]}; ${actor.name} ${has}${ended ? `, and was ${inWords(ended)}` : ''}`,
  };
}

/** Where the actor may do that now: everywhere, or on these sites alone, which may be none. Lists show only these. */
export function reach(actor: Grantee, action: Action, now: Date): 'everywhere' | readonly string[] {
  if (can(actor, action, {}, now).allowed) return 'everywhere';
  const candidates = new Set([...actor.grants.flatMap((grant) => grant.site ?? []), ...(actor.limit?.sites ?? [])]);
  return [...candidates].filter((site) => can(actor, action, { site }, now).allowed).sort();
}

/** Of these, whoever may do that to it now, and why. */
export function whoCan<Who extends Grantee>(grantees: readonly Who[], action: Action, resource: Resource, now: Date): { who: Who; why: string }[] {
  return grantees.flatMap((who) => {
    const { allowed, why } = can(who, action, resource, now);
    return allowed ? [{ who, why }] : [];
  });
}

/**
 * Whether all of these actions are the actor's own, for as long as they would be given: no one grants what they do not
 * have, nor for longer. Without an end they would be given for ever.
 */
export function mayGrant(actor: Grantee, actions: Iterable<Action>, resource: Resource, now: Date, endsAt?: Date): boolean {
  return [...actions].every((action) => beyond(actor.limit, action, resource) === null && actor.grants.some((grant) =>
    gives(grant, action, resource, now) && (grant.endsAt === undefined || (endsAt !== undefined && endsAt <= grant.endsAt))));
}

/** A role's actions, by its name; `own` knows those of people's own making. Null when there is no such role. */
export function actionsOfRole(name: string, own: ReadonlyMap<string, ReadonlySet<Action>> = new Map()): ReadonlySet<Action> | null {
  return isRole(name) ? ROLE_ACTIONS[name] : own.get(name) ?? null;
}

/** `editor of site s012345678 until 2026-11-27 17:00 UTC, through team Web`. */
function inWords({ role, site, team, endsAt }: Grant): string {
  const until = endsAt ? ` until ${endsAt.toISOString().slice(0, 16).replace('T', ' ')} UTC` : '';
  const of = site ? `of site ${site}` : 'of the platform';
  return `${role} ${of}${until}${team ? `, through team ${team}` : ''}`;
}

const sitesInWords = (sites: readonly string[]): string =>
  sites.length === 1 ? `site ${sites[0]}` : `${sites.length} sites`;
