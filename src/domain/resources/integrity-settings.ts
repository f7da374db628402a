import { z } from 'zod';
import type { IntegritySettings } from '../integrity-settings.ts';

export const integritySettingsSchema = z
  .strictObject({
    intervalSeconds: z.int().min(10).max(3_600).meta({ description: 'Seconds from one comparison of all files to the next' }),
  })
  .meta({ id: 'IntegritySettings' }) satisfies z.ZodType<IntegritySettings>;
