import { z } from 'zod';
import { hostnameRole, orderBy, rev, runLinkSchema, siteId, timestamp } from './common.ts';
import { hostnameStatus } from './site.ts';

export const hostnameSchema = z
  .strictObject({
    hostname: z.string(),
    site: siteId,
    role: hostnameRole,
    status: hostnameStatus,
    https: z.enum(['allow', 'redirect']),
    url: z.string().nullable().meta({ description: 'Where visitors find it; null while the platform has no public address', example: 'https://www.example.org/' }),
    proof: z
      .strictObject({ name: z.string(), type: z.literal('TXT'), value: z.string() })
      .nullable()
      .meta({ description: 'The DNS record that proves ownership, while it is asked for' }),
    rev,
    createdAt: timestamp,
    run: runLinkSchema.nullable(),
  })
  .meta({ id: 'Hostname' });
export type HostnameResource = z.infer<typeof hostnameSchema>;

export const hostnameOrder = orderBy('hostname', 'created');
export type HostnameOrder = z.infer<typeof hostnameOrder>;

export const bindHostnameSchema = z
  .strictObject({ hostname: z.string().max(1000).meta({ example: 'www.example.org' }), role: hostnameRole.default('alias') })
  .meta({ id: 'BindHostname' });
export type BindHostname = z.infer<typeof bindHostnameSchema>;

export const updateHostnameSchema = z
  .strictObject({ https: z.enum(['allow', 'redirect']).optional(), role: hostnameRole.optional() })
  .refine((body) => body.https !== undefined || body.role !== undefined, 'say what is to change: https or role')
  .meta({ id: 'UpdateHostname' });
export type UpdateHostname = z.infer<typeof updateHostnameSchema>;
