/** What resources share. Each resource is defined once, here: validation, types, OpenAPI and the client follow. */
import { z } from 'zod';
import { isId } from '../id.ts';

export const timestamp = z.iso.datetime({ offset: true }).meta({ description: 'RFC 3339, UTC' });

const idOf = (kind: Parameters<typeof isId>[0], example: string) =>
  z.string().refine((text) => isId(kind, text), `must be an id like ${example}`).meta({ pattern: `^${kind}[0-9a-hjkmnp-tv-z]{9}$`, example });

export const siteId = idOf('s', 's012345678');
export const containerId = idOf('c', 'c012345678');
export const releaseId = idOf('r', 'r012345678');
export const runId = idOf('w', 'w012345678');
export const tokenId = idOf('k', 'k012345678');
export const approvalId = idOf('a', 'a012345678');
export const userId = idOf('u', 'u012345678');
export const teamId = idOf('t', 't012345678');
export const grantId = idOf('g', 'g012345678');
export const sessionId = idOf('e', 'e012345678');
export const linkId = idOf('v', 'v012345678');

export const rev = z.int().min(0).meta({ description: 'The generation that last changed it; If-Match takes it' });

export const runState = z.enum(['requested', 'running', 'completed', 'failed', 'cancelled', 'compensated', 'superseded']);
export const hostnameRole = z.enum(['primary', 'alias', 'redirect']);

export const runLinkSchema = z
  .strictObject({ id: runId, type: z.string(), state: runState, href: z.string() })
  .meta({ id: 'RunLink', description: 'The work that is going on with it' });
export type RunLink = z.infer<typeof runLinkSchema>;

export const actorSchema = z
  .strictObject({ kind: z.enum(['token', 'user', 'run', 'system']), id: z.string(), name: z.string(), address: z.string().optional(), user: z.string().optional() })
  .meta({ id: 'Actor', description: 'Who did it' });

/** `{items, next}`; next is null on the last page. */
export function pageOf<Item extends z.ZodType>(item: Item, name: string) {
  return z.strictObject({ items: z.array(item), next: z.string().nullable() }).meta({ id: `${name}Page` });
}
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(200).default(50).meta({ description: 'Items a page' }),
  cursor: z.string().max(500).optional().meta({ description: 'The last page’s `next`' }),
};

/** `sort`: by one of these, upwards, or with `-` before it downwards. */
export const orderBy = <Column extends string>(...columns: readonly Column[]) =>
  z.enum(columns.flatMap((column): (Column | `-${Column}`)[] => [column, `-${column}`]));

/** RFC 9457. */
export const problemSchema = z
  .looseObject({
    type: z.string().meta({ example: '/problems/not-found' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    requestId: z.string().optional(),
    errors: z.array(z.strictObject({ path: z.string(), message: z.string() })).optional(),
    run: z.string().optional().meta({ description: 'The run that holds a busy subject' }),
    href: z.string().optional().meta({ description: 'Where that run, or the approval that is needed, is' }),
    approval: z.string().optional(),
  })
  .meta({ id: 'Problem' });
