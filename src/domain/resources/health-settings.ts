import { z } from 'zod';
import { slowMsSchema } from '../health-check.ts';
import type { HealthSettings } from '../health-settings.ts';

export const healthSettingsSchema = z
  .strictObject({
    intervalSeconds: z.int().min(5).max(3_600).meta({ description: 'Every hostname is asked in every container this often' }),
    suspectSeconds: z.int().min(1).max(600).meta({ description: 'One that fails, or is coming back, is asked again this often' }),
    slowMs: slowMsSchema.meta({ description: 'An answer that takes longer is slow, unless the codebase or the site says otherwise' }),
    timeoutMs: z.int().min(100).max(60_000).meta({ description: 'An answer that takes longer is none' }),
    downAfterFailures: z.int().min(1).max(20).meta({ description: 'Down after this many failures in a row …' }),
    downAfterSeconds: z.int().min(0).max(3_600).meta({ description: '… over at least this long' }),
    upAfterSuccesses: z.int().min(1).max(20).meta({ description: 'Up again after this many answers in a row' }),
  })
  .meta({ id: 'HealthSettings' }) satisfies z.ZodType<HealthSettings>;
