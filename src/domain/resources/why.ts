import { z } from 'zod';
import type { Why } from '../why.ts';

const state = z.enum(['ok', 'bad', 'unknown']);

export const whySchema = z
  .strictObject({
    hostname: z.string(),
    state,
    lines: z.array(z.strictObject({
      what: z.enum(['name', 'hostname', 'edge', 'container', 'database', 'change', 'incident']),
      subject: z.string(), state, reason: z.string(),
    })).readonly().meta({ description: 'From the visitor inwards' }),
    edges: z.array(z.strictObject({
      id: z.string(), alive: z.boolean(),
      answered: z.strictObject({
        status: z.int().nullable().meta({ description: 'Null when no answer came' }),
        ms: z.number(),
        container: z.string().nullable().meta({ description: 'The one that answered, or the last that was asked; its address where the edge knows it no more' }),
        tried: z.array(z.string()).readonly().meta({ description: 'Those that were asked before it, in vain' }),
        site: z.string().nullable().meta({ description: 'The site that answered; null when none did' }),
        failure: z.enum(['late', 'unreachable']).nullable().meta({ description: 'Why no answer came: not in time, or nginx takes no connection' }),
      }).nullable().meta({ description: 'Null when its agent did not say: unknown' }),
    })).readonly().meta({ description: 'What each edge answers for it just now, and which container that was' }),
    next: z.string().meta({ description: 'What to do now' }),
    traceback: z.strictObject({ container: z.string(), text: z.string() }).nullable()
      .meta({ description: 'The last one in the site’s log where it fails, secrets masked; null where there is none of late' }),
  })
  .meta({ id: 'Why' }) satisfies z.ZodType<Why>;
