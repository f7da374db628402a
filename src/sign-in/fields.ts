/** What forms of people who are not signed in yet hold, checked as the API's routes check the same. */
import { z } from 'zod';
import { ReeveError } from '../domain/errors.ts';
import { personName } from '../domain/resources/people.ts';

const email = z.string().trim().toLowerCase().pipe(z.email('must be an e-mail address').max(254));

/** @throws ReeveError `invalid` */
export const requireEmail = (given: string): string => required(email, 'email', given);
export const requireName = (given: string): string => required(personName, 'name', given);

function required(schema: z.ZodType<string>, path: string, given: string): string {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const message = parsed.error.issues[0]!.message;
  throw new ReeveError('invalid', `${path}: ${message}`, { errors: [{ path, message }] });
}
