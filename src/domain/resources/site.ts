import { z } from 'zod';
import { siteNameSchema, siteSettingsPatchSchema, siteSettingsSchema } from '../site.ts';
import { hostnameRole, orderBy, releaseId, rev, runLinkSchema, siteId, timestamp } from './common.ts';

export const siteStatus = z.enum([
  'creating', 'active', 'degraded', 'suspending', 'suspended', 'resuming', 'upgrading', 'deleting', 'deleted', 'restoring',
  'purging', 'rotating',
]);
export type SiteStatus = z.infer<typeof siteStatus>;

/** What a list of sites is filtered by: `working` is any of the words that end in -ing. */
export const siteState = z.enum(['active', 'degraded', 'working', 'suspended', 'deleted']);
export type SiteState = z.infer<typeof siteState>;

export const siteOrder = orderBy('name', 'created');
export type SiteOrder = z.infer<typeof siteOrder>;

export const conditionSchema = z
  .strictObject({
    type: z.string(),
    status: z.enum(['true', 'false', 'unknown']),
    reason: z.string(),
    message: z.string(),
    since: timestamp,
  })
  .meta({ id: 'Condition' });
export type Condition = z.infer<typeof conditionSchema>;

export const hostnameStatus = z.enum(['reserved', 'binding', 'bound', 'unbinding']);
export type HostnameStatus = z.infer<typeof hostnameStatus>;

export const siteSchema = z
  .strictObject({
    id: siteId,
    name: z.string(),
    status: siteStatus,
    conditions: z.array(conditionSchema),
    hostnames: z.array(z.strictObject({ hostname: z.string(), role: hostnameRole, status: hostnameStatus })),
    release: z.string().nullable(),
    previousRelease: z.string().nullable(),
    databaseServer: z.string(),
    store: z.enum(['directory', 's3']),
    secretVersion: z.int(),
    settings: siteSettingsSchema,
    owner: z.string().nullable(),
    purgeAt: timestamp.nullable(),
    rev,
    createdAt: timestamp,
    run: runLinkSchema.nullable(),
  })
  .meta({ id: 'Site' });
export type Site = z.infer<typeof siteSchema>;

const owner = z.string().trim().min(1).max(200);

/** Name to value, as it goes in; it never comes out again. */
const variables = z
  .record(z.string().max(128), z.string().max(32_768))
  .refine((values) => Object.keys(values).length <= 50, 'at most 50 variables at once');

export const createSiteSchema = z
  .strictObject({
    name: siteNameSchema.meta({ description: 'Unique; its platform hostname is <name>.<baseDomain>', example: 'alpha' }),
    hostnames: z
      .array(z.strictObject({ hostname: z.string().max(1000), role: hostnameRole.default('alias') }))
      .max(50)
      .default([])
      .meta({ description: 'Further ones; each is bound by a run of its own after the site is there' }),
    owner: owner.optional(),
    settings: siteSettingsSchema.prefault({}),
    release: releaseId.optional().meta({ description: 'The newest that is ready when left out' }),
    store: z.enum(['directory', 's3']).default('directory'),
    env: variables.optional().meta({ description: 'Its own variables, there when its code runs first; values never come out again', writeOnly: true }),
  })
  .meta({ id: 'CreateSite' });
export type CreateSite = z.infer<typeof createSiteSchema>;

export const updateSiteSchema = z
  .strictObject({ settings: siteSettingsPatchSchema.optional(), owner: owner.nullable().optional() })
  .refine((body) => body.settings !== undefined || body.owner !== undefined, 'say what is to change: settings or owner')
  .meta({ id: 'UpdateSite' });
export type UpdateSite = z.infer<typeof updateSiteSchema>;

export const upgradeSiteSchema = z.strictObject({ release: releaseId }).meta({ id: 'UpgradeSite' });

export const envListSchema = z
  .strictObject({ items: z.array(z.strictObject({ name: z.string() })), next: z.null(), rev })
  .meta({ id: 'SiteEnvironment', description: 'Names alone: values go in and never come out again' });

export const setEnvSchema = variables
  .refine((values) => Object.keys(values).length > 0, 'name at least one variable')
  .meta({ id: 'SetEnvironment', description: 'Name to value; variables that are not named stay as they are' });

export const loginLinkSchema = z
  .strictObject({ url: z.string(), expiresAt: timestamp })
  .meta({ id: 'LoginLink', description: 'Signs in to the site’s own admin, once' });

export const execSchema = z
  .strictObject({
    command: z.array(z.string().max(4096).refine((part) => !part.includes('\0'), 'holds no zero byte')).min(1).max(100),
    container: z.string().max(64).optional().meta({ description: 'Which container runs it; any ready one when left out' }),
    stdin: z.base64().nullable().optional().meta({ description: 'Its standard input, in base64' }),
    timeoutSeconds: z.int().min(1).max(3_600).optional(),
  })
  .meta({ id: 'Exec' });
