import { z } from 'zod';
import { containerId, orderBy, runLinkSchema, timestamp } from './common.ts';

const count = z.int().min(0);
const measure = (description: string) => z.number().min(0).nullable().meta({ description: `${description}; null: not measured` });

export const containerSchema = z
  .strictObject({
    id: containerId,
    slot: z.string(),
    role: z.enum(['site', 'edge']),
    incarnation: z.int().min(0),
    state: z.enum(['starting', 'ready', 'draining', 'ended']),
    wanted: z.enum(['running', 'drained', 'ended']),
    alive: z.boolean().meta({ description: 'Its lease has not lapsed, by the database’s clock' }),
    address: z.string().nullable().meta({ description: 'Where it takes requests, as host:port' }),
    observedEpoch: z.int(),
    observedGeneration: z.int(),
    digests: z.record(z.string(), z.string()),
    leaseExpiresAt: timestamp.nullable(),
    waitingOn: z.array(z.looseObject({ on: z.string(), message: z.string() })),
    quarantined: z.array(z.strictObject({ site: z.string(), wantedRev: z.int(), servedRev: z.int().nullable(), reason: z.string(), since: timestamp })),
    vassals: z.strictObject({ awake: count, asleep: count, starting: count, failing: count }),
    load: z.strictObject({
      cpu: measure('Share of its cores, 0 to 1'),
      memory: measure('Share of the memory that it may use, 0 to 1'),
      requests: measure('Visitors’ requests a second'),
      awake: count.meta({ description: 'Sites whose code is loaded' }),
    }).nullable().meta({ description: 'As it measured it last; null until then, and while it is silent' }),
    startedAt: timestamp,
    seenAt: timestamp.nullable(),
    endedAt: timestamp.nullable(),
    run: runLinkSchema.nullable(),
  })
  .meta({ id: 'Container' });
export type Container = z.infer<typeof containerSchema>;

/** What a list of containers is filtered by: their states; `lost`, whose lease has lapsed though they should serve; `behind`, that serve not all of the newest generation. */
export const containerCondition = z.enum(['starting', 'ready', 'draining', 'ended', 'lost', 'behind']);
export type ContainerCondition = z.infer<typeof containerCondition>;

/** `behind`: by generations; of two that are at one, the one that waits for something is behind; silent ones are furthest. */
export const containerOrder = orderBy('id', 'behind', 'started', 'cpu', 'memory', 'requests');
export type ContainerOrder = z.infer<typeof containerOrder>;

export const launchContainerSchema = z.strictObject({ role: z.enum(['site', 'edge']).default('site') }).meta({ id: 'LaunchContainer' });

export const drainContainerSchema = z
  .strictObject({
    incarnation: z.int().min(0).optional().meta({ description: 'Refuse when it has started again meanwhile' }),
    force: z.boolean().default(false).meta({ description: 'Also when no other container would be left that serves' }),
  })
  .meta({ id: 'DrainContainer' });

export const replaceContainerSchema = z
  .strictObject({
    incarnation: z.int().min(0).optional().meta({ description: 'Refuse when it has started again meanwhile' }),
    reason: z.string().trim().min(1).max(500).optional(),
  })
  .meta({ id: 'ReplaceContainer' });
