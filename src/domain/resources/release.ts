import { z } from 'zod';
import { orderBy, releaseId, rev, runLinkSchema, timestamp } from './common.ts';

export const releaseSchema = z
  .strictObject({
    id: releaseId,
    codebase: z.string(),
    source: z.string(),
    phase: z.enum(['preparing', 'ready', 'failed', 'retired']),
    digest: z.string().nullable(),
    databaseServer: z.string().nullable(),
    sites: z.int().min(0).meta({ description: 'Sites that run it' }),
    rev,
    createdAt: timestamp,
    run: runLinkSchema.nullable(),
  })
  .meta({ id: 'Release' });
export type Release = z.infer<typeof releaseSchema>;

export const releaseOrder = orderBy('created', 'codebase', 'sites');
export type ReleaseOrder = z.infer<typeof releaseOrder>;

export const prepareReleaseSchema = z
  .strictObject({
    source: z.string().max(4096).regex(/^\/[^\0\r\n]+$/, 'must be the absolute path of a directory on the platform’s machine'),
    codebase: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be small letters, digits and hyphens').optional(),
  })
  .meta({ id: 'PrepareRelease' });

export const databaseServerSchema = z
  .strictObject({
    id: z.string(), host: z.string(), port: z.int(),
    maxConnections: z.int().nullable().meta({ description: 'What it takes; null until a control worker has asked it' }),
    usableConnections: z.int().nullable().meta({ description: 'What its sites may be given together' }),
    sites: z.int().min(0), connections: z.int().min(0).meta({ description: 'What its sites may hold together' }),
    rev, createdAt: timestamp,
  })
  .meta({ id: 'DatabaseServer' });
export type DatabaseServer = z.infer<typeof databaseServerSchema>;

export const databaseServerOrder = orderBy('id', 'sites');
export type DatabaseServerOrder = z.infer<typeof databaseServerOrder>;
