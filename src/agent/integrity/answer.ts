/** `POST /files` of the agent's listener: the way for contents, which must not enter a workflow's history. */
import { z } from 'zod';
import { BUCKETS } from '../../domain/drift.ts';
import { ReeveError } from '../../domain/errors.ts';
import type { Describer } from './describe.ts';

const schema = z.union([
  z.strictObject({ describe: z.literal(true) }),
  z.strictObject({ buckets: z.array(z.int().min(0).max(BUCKETS - 1)).max(BUCKETS) }),
  z.strictObject({ texts: z.array(z.string().max(300)).max(100) }),
]);

/** @throws ReeveError `bad-request` */
export async function answerFiles(describer: Describer, asked: unknown): Promise<unknown> {
  const parsed = schema.safeParse(asked);
  if (!parsed.success) throw new ReeveError('bad-request', z.prettifyError(parsed.error));
  if ('describe' in parsed.data) return await describer.describe();
  if ('buckets' in parsed.data) return { files: await describer.list(parsed.data.buckets) };
  return { texts: describer.texts(parsed.data.texts) };
}
