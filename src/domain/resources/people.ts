/** People, what they were given, and how they are known. */
import { z } from 'zod';
import { ALL_ACTIONS, type Action, ROLES } from '../permission.ts';
import { actorSchema, grantId, linkId, orderBy, sessionId, siteId, teamId, timestamp, tokenId, userId } from './common.ts';

/**
 * What stands in lists, letters and the audit as somebody's or something's name: no control characters, nothing that is
 * not seen, and nothing that turns the direction of what follows, by which one name can look like another.
 */
export const personName = z.string().trim().min(1, 'must not be empty').max(100).regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u, 'must be one line of plain characters');
const email = z.email().max(254).transform((text) => text.toLowerCase()).meta({ example: 'ada@example.org' });
export const actionName = z.enum(ALL_ACTIONS as [Action, ...Action[]]).meta({ id: 'Action', example: 'site:update' });
const slug = z.string().regex(/^[a-z][a-z0-9-]{1,39}$/, 'has 2 to 40 of a-z, 0-9 and -, a letter first');
/** A built-in role, or one of people's own making. */
const roleName = slug.meta({ example: 'editor', description: `${ROLES.join(', ')}, or one of your own` });
const end = z.iso.datetime({ offset: true });
const reference = z.strictObject({ id: z.string(), name: z.string() });

export const userSchema = z
  .strictObject({
    id: userId,
    email: z.string().meta({ example: 'ada@example.org' }),
    name: z.string().meta({ example: 'Ada Lovelace' }),
    state: z.enum(['invited', 'active', 'disabled']),
    hasPassword: z.boolean(),
    totp: z.boolean().meta({ description: 'Signing in asks for a code of their app' }),
    teams: z.array(z.strictObject({ id: teamId, name: z.string() })),
    createdAt: timestamp,
    lastSeenAt: timestamp.nullable(),
  })
  .meta({ id: 'User' });
export type User = z.infer<typeof userSchema>;

export const userOrder = orderBy('email', 'name', 'created', 'seen');
export type UserOrder = z.infer<typeof userOrder>;

export const teamOrder = orderBy('name', 'members', 'created');
export type TeamOrder = z.infer<typeof teamOrder>;

export const memberOrder = orderBy('email', 'name', 'added');
export type MemberOrder = z.infer<typeof memberOrder>;

export const grantOrder = orderBy('created', 'ends', 'role', 'who');
export type GrantOrder = z.infer<typeof grantOrder>;

export const tokenOrder = orderBy('created', 'name', 'expires', 'used');
export type TokenOrder = z.infer<typeof tokenOrder>;

export const sessionOrder = orderBy('seen', 'created', 'user');
export type SessionOrder = z.infer<typeof sessionOrder>;

export const invitationOrder = orderBy('ends', 'name', 'email');
export type InvitationOrder = z.infer<typeof invitationOrder>;

export const updateUserSchema = z
  .strictObject({ name: personName.optional(), email: email.optional(), state: z.enum(['active', 'disabled']).optional() })
  .refine((body) => Object.values(body).some((value) => value !== undefined), 'say what is to change')
  .meta({ id: 'UpdateUser', examples: [{ state: 'disabled' }] });

export const linkSchema = z
  .strictObject({ id: linkId, user: reference.extend({ email: z.string() }), endsAt: timestamp,
    path: z.string().meta({ description: 'Of the dashboard; shown this once, good once' }),
    url: z.string().meta({ description: 'The same, whole where the dashboard’s own address is known' }),
  })
  .meta({ id: 'OneTimeLink' });
export type OneTimeLink = z.infer<typeof linkSchema>;

export const invitationSchema = linkSchema.omit({ path: true, url: true }).meta({ id: 'Invitation' });

const given = {
  role: roleName,
  site: z.string().max(64).optional().meta({ description: 'Its id or name; on the platform when left out' }),
  endsAt: end.optional().meta({ description: 'From then on it gives nothing' }),
};

export const inviteSchema = z
  .strictObject({ email, name: personName.optional().meta({ description: 'They may choose another' }), ...given, role: roleName.optional(), team: z.string().max(100).optional() })
  .meta({ id: 'Invite', examples: [{ email: 'ada@example.org', role: 'editor', site: 'alpha', endsAt: '2030-01-31T17:00:00Z' }] });

export const teamSchema = z
  .strictObject({ id: teamId, name: z.string().meta({ example: 'Web' }), members: z.int().min(0), createdAt: timestamp })
  .meta({ id: 'Team' });
export type Team = z.infer<typeof teamSchema>;
export const teamBodySchema = z.strictObject({ name: personName }).meta({ id: 'TeamName', examples: [{ name: 'Web' }] });
export const memberSchema = z.strictObject({ user: userId, name: z.string(), email: z.string(), addedAt: timestamp }).meta({ id: 'TeamMember' });
export type TeamMember = z.infer<typeof memberSchema>;
export const addMemberSchema = z.strictObject({ user: z.string().min(1).max(254).meta({ description: 'Their id or e-mail' }) })
  .meta({ id: 'AddTeamMember', examples: [{ user: 'ada@example.org' }] });

export const roleSchema = z
  .strictObject({
    name: roleName, description: z.string(), builtIn: z.boolean(), actions: z.array(z.string()), createdAt: timestamp.nullable(),
  })
  .meta({ id: 'Role' });
export type RoleResource = z.infer<typeof roleSchema>;
const roleActions = z.array(actionName).min(1).max(ALL_ACTIONS.length).transform((all) => [...new Set(all)].sort());
export const createRoleSchema = z
  .strictObject({ name: slug.refine((name) => !(ROLES as readonly string[]).includes(name), 'is a built-in role'), description: z.string().trim().max(300).default(''), actions: roleActions })
  .meta({ id: 'CreateRole', examples: [{ name: 'hostname-keeper', actions: ['site:read', 'hostname:read', 'hostname:bind', 'hostname:unbind'] }] });
export const updateRoleSchema = z
  .strictObject({ description: z.string().trim().max(300).optional(), actions: roleActions.optional() })
  .refine((body) => body.actions !== undefined || body.description !== undefined, 'say what is to change')
  .meta({ id: 'UpdateRole', examples: [{ actions: ['site:read', 'hostname:read'] }] });

export const grantSchema = z
  .strictObject({
    id: grantId,
    user: reference.nullable(),
    team: reference.nullable(),
    role: roleName,
    site: z.strictObject({ id: siteId, name: z.string() }).nullable().meta({ description: 'Null: on the platform' }),
    endsAt: timestamp.nullable(),
    ended: z.boolean(),
    reason: z.string().nullable(),
    createdAt: timestamp,
    createdBy: actorSchema,
  })
  .meta({ id: 'Grant' });
export type GrantResource = z.infer<typeof grantSchema>;

export const createGrantSchema = z
  .strictObject({
    user: z.string().min(1).max(254).optional().meta({ description: 'Their id or e-mail' }),
    team: z.string().min(1).max(100).optional().meta({ description: 'Its id or name' }),
    ...given,
    reason: z.string().trim().min(1).max(500).optional(),
  })
  .refine((body) => (body.user === undefined) !== (body.team === undefined), { path: ['user'], message: 'name a user or a team, one of them' })
  .meta({ id: 'CreateGrant', examples: [{ user: 'ada@example.org', role: 'editor', site: 'alpha', endsAt: '2030-01-31T17:00:00Z' }] });

export const sessionSchema = z
  .strictObject({
    id: sessionId, user: z.strictObject({ id: userId, name: z.string() }), current: z.boolean(), createdAt: timestamp, seenAt: timestamp,
    endsAt: timestamp.meta({ description: 'Unless it is used before' }), address: z.string().nullable(), agent: z.string().nullable(),
  })
  .meta({ id: 'Session' });

export const tokenSchema = z
  .strictObject({
    id: tokenId, name: z.string(), role: roleName,
    actions: z.array(z.string()).nullable().meta({ description: 'Of its role’s, these alone' }),
    sites: z.array(z.string()).nullable().meta({ description: 'On these alone' }),
    user: reference.nullable().meta({ description: 'Whose it is: it may at most what they may' }),
    createdAt: timestamp, expiresAt: timestamp.nullable(), lastUsedAt: timestamp.nullable(),
  })
  .meta({ id: 'Token' });
export type Token = z.infer<typeof tokenSchema>;

export const createdTokenSchema = tokenSchema
  .extend({ token: z.string().meta({ description: 'Shown this once' }) })
  .meta({ id: 'CreatedToken' });
export type CreatedToken = z.infer<typeof createdTokenSchema>;

const tokenScope = {
  name: personName,
  actions: z.array(actionName).min(1).optional().meta({ description: 'Of the role’s, these alone' }),
  sites: z.array(z.string().min(1).max(64)).min(1).max(100).optional().meta({ description: 'Ids or names: on these alone' }),
  expiresAt: end.optional().meta({ description: 'It works until then' }),
};
export const createTokenSchema = z.strictObject({ ...tokenScope, role: roleName.default('viewer') })
  .meta({ id: 'CreateToken', examples: [{ name: 'ci', role: 'editor', sites: ['alpha'], expiresAt: '2030-01-31T00:00:00Z' }] });
export const createMyTokenSchema = z
  .strictObject({ ...tokenScope, role: roleName.default('owner').meta({ description: 'At most this of what you may' }) })
  .meta({ id: 'CreateMyToken', examples: [{ name: 'laptop', expiresAt: '2030-01-31T00:00:00Z' }] });

export const meSchema = z
  .strictObject({
    kind: z.enum(['token', 'user', 'run', 'system']),
    id: z.string(),
    name: z.string(),
    user: z.strictObject({ id: userId, name: z.string(), email: z.string() }).nullable(),
    session: sessionId.nullable(),
    role: z.string().nullable().meta({ description: 'On the platform; null without any' }),
    actions: z.array(z.string()).meta({ description: 'What they may on the platform' }),
    grants: z.array(z.strictObject({ role: z.string(), site: z.string().nullable(), team: z.string().nullable(), endsAt: timestamp.nullable() })),
  })
  .meta({ id: 'Me' });

export const updateMeSchema = z.strictObject({ name: personName }).meta({ id: 'UpdateMe', examples: [{ name: 'Ada' }] });

export const decisionSchema = z
  .strictObject({ action: z.string(), site: z.string().nullable(), allowed: z.boolean(), why: z.string() })
  .meta({ id: 'Decision', examples: [{ action: 'site:update', site: 's012345678', allowed: true, why: 'Ada is editor of site s012345678 until 2030-01-31 17:00 UTC, through team Web' }] });
export type Decision = z.infer<typeof decisionSchema>;

export const whoCanSchema = z
  .strictObject({ action: z.string(), site: z.string().nullable(), items: z.array(z.strictObject({ kind: z.enum(['user', 'token']), id: z.string(), name: z.string(), why: z.string() })), next: z.null() })
  .meta({ id: 'WhoCan' });
export type WhoCan = z.infer<typeof whoCanSchema>;
