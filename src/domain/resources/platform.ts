import { z } from 'zod';
import type { PlatformSettings } from '../desired.ts';
import type { WholeSettings } from '../settings.ts';
import { normalizeHostname } from '../hostname.ts';
import { timestamp } from './common.ts';
import { healthSettingsSchema } from './health-settings.ts';
import { integritySettingsSchema } from './integrity-settings.ts';
import { scalingSchema, sizingSchema } from './scaling.ts';
import { approvalSettingsSchema } from './record.ts';
import { remediationSettingsSchema } from './remediation.ts';

const count = z.int().min(0);

export const platformSchema = z
  .strictObject({
    epoch: z.int(),
    generation: z.int(),
    converged: z.boolean().meta({ description: 'Every container that is ready and alive serves the newest generation, whole' }),
    behind: z.array(z.strictObject({ container: z.string(), observedGeneration: z.int(), waitingOn: z.array(z.unknown()) })),
    containers: z.record(z.string(), count).meta({ description: 'How many, by state; those that should serve and whose lease has lapsed are `lost`' }),
    requests: z.number().nullable().meta({ description: 'Visitors’ requests a second, in all site containers that are alive; null: none has measured yet' }),
    sites: z.record(z.string(), count).meta({ description: 'How many, by phase' }),
    hostnames: z.record(z.string(), count).meta({ description: 'How many, by phase' }),
    health: z.strictObject({ up: count, slow: count, down: count, unknown: count })
      .meta({ description: 'Hostnames in containers, by verdict' }),
    incidents: z.strictObject({ open: count, acknowledged: count }).meta({ description: 'How many are not over, by state' }),
    approvals: count.meta({ description: 'How many wait for a decision' }),
    runs: z.strictObject({ requested: count, running: count }),
    scaling: z.strictObject({
      mode: z.enum(['off', 'on']),
      min: count,
      max: count,
      latest: sizingSchema.nullable().meta({ description: 'The newest look, and why it did or did not act' }),
      acted: sizingSchema.nullable().meta({ description: 'The newest one that launched or drained a container, within a week' }),
    }),
    paused: z.boolean(),
    time: timestamp,
  })
  .meta({ id: 'Platform' });
export type Platform = z.infer<typeof platformSchema>;

export const trafficSchema = z
  .strictObject({ points: z.array(z.strictObject({ at: timestamp.meta({ description: 'The start of the minute' }), requests: z.number() })) })
  .meta({ id: 'Traffic', description: 'Visitors’ requests a second, in all site containers together' });
export type Traffic = z.infer<typeof trafficSchema>;

const cidr = z.string().refine((text) => z.cidrv4().safeParse(text).success || z.cidrv6().safeParse(text).success, 'must be like 10.0.0.0/8 or fd00::/8').meta({ example: '10.0.0.0/8' });

const domain = z.string().transform((text, context) => {
  const parsed = normalizeHostname(text);
  if (parsed.ok) return parsed.hostname as string;
  context.addIssue({ code: 'custom', message: parsed.message });
  return z.NEVER;
});

const webUrl = z.url({ protocol: /^https?$/ }).max(500);

/** What the platform's people may set; the shape of `platform.settings`. */
export const platformSettingsSchema = z
  .strictObject({
    baseDomain: domain.meta({ example: 'sites.example.org',  description: 'Sites get <name>.<baseDomain>; it stays while there are sites' }),
    publicScheme: z.enum(['http', 'https']),
    publicPort: z.int().min(1).max(65_535).meta({ description: 'The port that visitors use' }),
    cacheUrl: z.string().max(500).regex(/^rediss?:\/\/[^\s]+$/, 'must be a redis:// address').nullable()
      .meta({ description: 'Redis for the sites’ caches; a password in it is shown as ***', example: 'redis://:***@cache.internal:6379' }),
    s3: z.strictObject({ endpoint: webUrl, region: z.string().min(1).max(100) }).nullable(),
    ownership: z.enum(['none', 'dns-txt']).meta({ description: 'Whether a hostname is served only after its owner has proved it' }),
    trustedProxies: z.array(cidr).max(100),
    alertNetworks: z.array(cidr).max(100).optional().meta({ description: 'Inward addresses (private, loopback) that alerts may be sent to' }),
    health: healthSettingsSchema,
    integrity: integritySettingsSchema,
    scaling: scalingSchema,
    remediation: remediationSettingsSchema,
    approvals: approvalSettingsSchema,
  })
  .meta({ id: 'Settings' }) satisfies z.ZodType<WholeSettings>;

export const updateSettingsSchema = platformSettingsSchema
  .extend({ remediation: remediationSettingsSchema.partial(), approvals: approvalSettingsSchema.partial(), health: healthSettingsSchema.partial(), integrity: integritySettingsSchema.partial(), scaling: scalingSchema.partial() })
  .partial()
  .refine((body) => Object.values(body).some((value) => value !== undefined), 'say what is to change')
  .meta({ id: 'UpdateSettings' });
export type UpdateSettings = z.infer<typeof updateSettingsSchema>;

/** The same without a password. */
export function shownSettings<Settings extends PlatformSettings>(settings: Settings): Settings {
  return { ...settings, cacheUrl: shownUrl(settings.cacheUrl) };
}

export function shownUrl(url: string | null): string | null {
  return url?.replace(/^([a-z+]+:\/\/[^@/:]*:)[^@/]+@/, '$1***@') ?? null;
}
