import { z } from 'zod';
import { containerId, orderBy, siteId, timestamp } from './common.ts';

export const verdict = z.enum(['up', 'slow', 'down', 'unknown']);
const latency = z.number().nullable().meta({ description: 'Milliseconds' });
const status = z.int().nullable().meta({ description: 'Null when nothing answered' });

export const healthSchema = z
  .strictObject({
    hostname: z.string(),
    site: siteId,
    container: containerId,
    incarnation: z.int(),
    verdict: verdict.meta({ description: 'Unknown also where the container was not heard of for three intervals' }),
    since: timestamp,
    kind: z.enum(['deep', 'routed']),
    status,
    latencyMs: latency,
    answeredBy: z.string().nullable().meta({ description: 'The site that answered' }),
    reason: z.string().nullable().meta({ description: 'Why it is not well' }),
    changedAt: timestamp.meta({ description: 'When a probe last said something new' }),
    sweptAt: timestamp.nullable().meta({ description: 'The slot of the container’s newest sweep' }),
  })
  .meta({ id: 'Health', description: 'A hostname in a container' });
export type Health = z.infer<typeof healthSchema>;

export const healthOrder = orderBy('hostname', 'verdict', 'latency');
export type HealthOrder = z.infer<typeof healthOrder>;

export const historyStep = z.enum(['raw', '5m', '1h']);
export type HistoryStep = z.infer<typeof historyStep>;

const historyPointSchema = z.strictObject({
  at: timestamp.meta({ description: 'The start of the slot, or of the bucket' }),
  container: z.string(),
  probes: z.int(),
  failures: z.int(),
  verdict: verdict.nullable().meta({ description: 'Raw only' }),
  status: status.meta({ description: 'Raw only' }),
  latencyP50: latency,
  latencyP95: latency,
  latencyMax: latency,
});
export type HistoryPoint = z.infer<typeof historyPointSchema>;

export const healthHistorySchema = z
  .strictObject({ hostname: z.string(), step: historyStep, from: timestamp, to: timestamp, points: z.array(historyPointSchema) })
  .meta({ id: 'HealthHistory' });
export type HealthHistory = z.infer<typeof healthHistorySchema>;

const pairs = z.int().min(0);

const timelinePointSchema = z.strictObject({
  at: timestamp.meta({ description: 'The start of the bucket' }), hostnames: pairs, slow: pairs, down: pairs, unknown: pairs,
});
export type TimelinePoint = z.infer<typeof timelinePointSchema>;

export const timelineSchema = z
  .strictObject({ from: timestamp, to: timestamp, step: z.int().meta({ description: 'Seconds of a bucket' }), points: z.array(timelinePointSchema) })
  .meta({ id: 'HealthTimeline', description: 'Hostnames in containers, as each container’s worst sweep in each bucket had them' });
export type Timeline = z.infer<typeof timelineSchema>;
