/** The fields of a platform file. Bounds are the API's; here only what a file may hold at all. */
import { z } from 'zod';
import { releaseId } from '../../domain/resources/common.ts';
import { siteNameSchema, siteSettingsPatchSchema } from '../../domain/site.ts';

const role = z.enum(['primary', 'alias', 'redirect']);

/** `www.example.org: alias`, or with more: `www.example.org: {role: alias, https: redirect}`. */
const hostname = z.union([
  role,
  z.null().transform(() => 'alias' as const),
  z.strictObject({ role: role.default('alias'), https: z.enum(['allow', 'redirect']).optional() }),
], { error: 'must be primary, alias or redirect, or {role, https}' });

const envValue = z.union([
  z.string(), z.number(), z.boolean(),
  z.strictObject({ fromEnv: z.string().min(1) }),
  z.strictObject({ fromFile: z.string().min(1) }),
], { error: 'must be a value, {fromEnv: NAME} or {fromFile: path}' });

export type EnvValue = z.infer<typeof envValue>;

const site = z.strictObject({
  release: releaseId.optional(),
  owner: z.string().optional(),
  suspended: z.boolean().optional(),
  store: z.enum(['directory', 's3'], { error: 'must be directory or s3' }).optional(),
  settings: siteSettingsPatchSchema.prefault({}),
  env: z.record(z.string(), envValue).prefault({}),
  hostnames: z.record(z.string(), hostname).prefault({}),
});

export const platformFileSchema = z.strictObject({
  settings: z.record(z.string(), z.unknown()).prefault({}),
  sites: z.record(siteNameSchema, z.preprocess((value) => value ?? {}, site)).prefault({}),
  absent: z.strictObject({ sites: z.array(z.string()).prefault([]), hostnames: z.array(z.string()).prefault([]) }).prefault({}),
});

export type PlatformFileFields = z.infer<typeof platformFileSchema>;
