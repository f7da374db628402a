/** How a site says that it is well, as its codebase describes it and a site's settings may say otherwise. */
import { z } from 'zod';

export const healthPathSchema = z.string().max(500).regex(/^\/(?!\/)[A-Za-z0-9._~/?=&-]*$/, 'must be a path, like /health/').meta({ example: '/health/' });
export const healthStatusesSchema = z.array(z.int().min(100).max(599)).min(1).max(100);
/** ms; an answer that takes longer is slow. */
export const slowMsSchema = z.int().min(10).max(60_000);
