/** Whoever can be known by a secret: a token, or a session of a person; with all that they were given. */
import { type Action, type Grant, type Grantee, isAction, isRole, type Limit, ROLE_ACTIONS } from '../domain/permission.ts';
import type { Actor } from './change.ts';
import { translated } from './errors.ts';
import type { Queryable } from './pool.ts';
import { LIVE_SESSION } from './sessions.ts';

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

export interface Principal {
  /** Without an address, which a request adds. */
  readonly actor: Actor;
  readonly grantee: Grantee;
  /** Whose token or session it is; null for a token that is the platform's own. */
  readonly user: Person | null;
  readonly session: string | null;
}

/** A row of GRANTS. */
export interface GrantRow {
  readonly role: string;
  readonly actions: string[] | null;
  readonly site: string | null;
  readonly team: string | null;
  readonly endsAt: string | null;
}

/** What the person `u` was given, also through teams, and also what has ended: so that a refusal can say so. */
export const GRANTS = `coalesce((select jsonb_agg(jsonb_build_object(
    'role', g.role, 'actions', r.actions, 'site', g.site, 'team', t.name, 'endsAt', g.ends_at) order by g.site nulls first, g.id)
  from "grant" g left join role r on r.name = g.role left join team t on t.id = g.team_id
  where g.id in (select p.id from "grant" p where p.user_id = u.id
    union all select p.id from team_member m join "grant" p on p.team_id = m.team_id where m.user_id = u.id)), '[]')`;

export function toGrant({ role, actions, site, team, endsAt }: GrantRow): Grant {
  return {
    role,
    ...(isRole(role) ? {} : { actions: actionSet(actions ?? []) }),
    ...(site === null ? {} : { site }),
    ...(team === null ? {} : { team }),
    ...(endsAt === null ? {} : { endsAt: new Date(endsAt) }),
  };
}

/** What an older or newer version called an action gives nothing here. */
const actionSet = (names: readonly string[]): ReadonlySet<Action> => new Set(names.filter(isAction));

interface TokenRow {
  id: string;
  name: string;
  role: string;
  roleActions: string[] | null;
  actions: string[] | null;
  sites: string[] | null;
  user: Person | null;
  grants: GrantRow[];
}

/** By a live token's hash, of a person who is active; null when there is none. */
export async function findByToken(db: Queryable, hash: Buffer): Promise<Principal | null> {
  const { rows: [row] } = await translated(db.query<TokenRow>({
    name: 'find-by-token',
    text: `select k.id, k.name, k.role, r.actions as "roleActions", k.actions, k.sites,
        case when u.id is not null then jsonb_build_object('id', u.id, 'name', u.name, 'email', u.email) end as user,
        case when u.id is not null then ${GRANTS} else '[]' end as grants
      from token k left join role r on r.name = k.role left join app_user u on u.id = k.user_id
      where k.hash = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > clock_timestamp())
        and (k.user_id is null or u.state = 'active')`,
    values: [hash],
  }));
  if (!row) return null;
  const { user } = row;
  return {
    actor: { kind: 'token', id: row.id, name: user ? `${user.name} (${row.name})` : row.name, ...(user ? { user: user.id } : {}) },
    grantee: user ? { name: user.name, grants: row.grants.map(toGrant), limit: limitOf(row) } : ownGrantee(row),
    user, session: null,
  };
}

/** A person's token may what the person may, within its limits; the role is one of them. */
function limitOf({ name, role, roleActions, actions, sites }: TokenRow): Limit {
  const ofRole = isRole(role) ? ROLE_ACTIONS[role] : actionSet(roleActions ?? []);
  return {
    name: `the token ${name}`,
    actions: actions ? new Set(actions.filter(isAction).filter((action) => ofRole.has(action))) : ofRole,
    ...(sites ? { sites } : {}),
  };
}

/** The platform's own token has its role, on the platform or on its sites. */
export function ownGrantee({ name, role, roleActions, actions, sites }: Pick<TokenRow, 'name' | 'role' | 'roleActions' | 'actions' | 'sites'>): Grantee {
  const grant: Grant = toGrant({ role, actions: roleActions, site: null, team: null, endsAt: null });
  return {
    name: `token ${name}`,
    grants: sites ? sites.map((site) => ({ ...grant, site })) : [grant],
    ...(actions ? { limit: { name: `the token ${name}`, actions: actionSet(actions) } } : {}),
  };
}

/** By a live session's hash, of a person who is active; null when there is none. */
export async function findBySession(db: Queryable, hash: Buffer): Promise<Principal | null> {
  const { rows: [row] } = await translated(db.query<Person & { session: string; grants: GrantRow[] }>({
    name: 'find-by-session',
    text: `select s.id as session, u.id, u.name, u.email, ${GRANTS} as grants
      from session s join app_user u on u.id = s.user_id where s.hash = $1 and u.state = 'active' and ${LIVE_SESSION}`,
    values: [hash],
  }));
  if (!row) return null;
  const { session, grants, ...user } = row;
  return { actor: { kind: 'user', id: user.id, name: user.name }, grantee: { name: user.name, grants: grants.map(toGrant) }, user, session };
}
