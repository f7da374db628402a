/** Signing in: by programs, and what people change of their own way in. */
import { z } from 'zod';
import { timestamp } from './common.ts';
import { createdTokenSchema, personName } from './people.ts';

const password = z.string().min(1).max(1_000);
const code = z.string().min(1).max(40).meta({ description: 'Of their app, or one of their recovery codes', example: '123456' });
/** As a page's form has it: what is wrong with it is said by what it is for. */
const machine = personName.meta({ description: 'What the token is for', example: 'ada@laptop' });

export const signInTokenSchema = z.strictObject({ email: z.string().min(1).max(254), password, code: code.optional(), name: machine })
  .meta({ id: 'SignIn', examples: [{ email: 'ada@example.org', password: 'correct horse battery', name: 'ada@laptop' }] });

const link = z.string().min(1).max(200).meta({ description: 'What follows the last slash of the link', example: 'BCDFGHJKLMNPQRSTVWXZ' });
const email = z.string().min(1).max(254);
export const cameInSchema = z.strictObject({ id: z.string(), email: z.string(), name: z.string() }).meta({ id: 'CameIn' });
export const firstOwnerSchema = z.strictObject({
  ticket: z.string().min(1).max(1_000).optional().meta({ description: 'Of the link that a first start prints' }),
  token: z.string().min(1).max(300).optional().meta({ description: 'The platform’s first token, where there is no ticket' }),
  email, name: personName, password,
}).meta({ id: 'FirstOwner', examples: [{ token: 'reeve_…', email: 'ada@example.org', name: 'Ada', password: 'correct horse battery' }] });
export const acceptInvitationSchema = z.strictObject({ link, name: personName, password })
  .meta({ id: 'AcceptInvitation', examples: [{ link: 'BCDFGHJKLMNPQRSTVWXZ', name: 'Ada', password: 'correct horse battery' }] });
export const forgottenSchema = z.strictObject({ email }).meta({ id: 'Forgotten', examples: [{ email: 'ada@example.org' }] });
export const newPasswordSchema = z.strictObject({ link, password })
  .meta({ id: 'NewPassword', examples: [{ link: 'BCDFGHJKLMNPQRSTVWXZ', password: 'correct horse battery' }] });

export const beginDeviceSchema = z.strictObject({ name: machine }).meta({ id: 'BeginDevice', examples: [{ name: 'ada@laptop' }] });
export const begunDeviceSchema = z.strictObject({
  device: z.string().meta({ description: 'The command line’s own: with it the token is taken' }),
  code: z.string().meta({ description: 'What a person compares', example: 'BCDF-GHJK' }),
  path: z.string().meta({ description: 'The page on which somebody who is signed in lets it in' }),
  endsAt: timestamp,
}).meta({ id: 'BegunDevice' });
export const takeDeviceSchema = z.strictObject({ device: z.string().min(20).max(100).meta({ example: 'BCDFGHJKLMNPQRSTVWXZ' }) }).meta({ id: 'TakeDevice' });
export const takenDeviceSchema = z.strictObject({ state: z.enum(['waiting', 'in']), token: createdTokenSchema.nullable() }).meta({ id: 'TakenDevice' });

export const wayInSchema = z.strictObject({
  password: z.boolean(),
  totp: z.boolean(),
  totpWaiting: z.boolean().meta({ description: 'An app was begun and not confirmed' }),
  recoveryCodes: z.int().meta({ description: 'How many are left' }),
  identities: z.array(z.strictObject({ issuer: z.string(), at: timestamp })).meta({ description: 'Who they are elsewhere' }),
}).meta({ id: 'WayIn' });
export type WayIn = z.infer<typeof wayInSchema>;

export const changePasswordSchema = z.strictObject({ current: password, password }).meta({ id: 'ChangePassword' });
export const beginTotpSchema = z.strictObject({ password: password.optional().meta({ description: 'Theirs, once more; those who sign in elsewhere have none' }) }).meta({ id: 'BeginTotp' });
export const begunTotpSchema = z.strictObject({ secret: z.string(), uri: z.string().meta({ description: 'For a QR code' }) }).meta({ id: 'BegunTotp' });
export const codeSchema = z.strictObject({ code }).meta({ id: 'Code' });
export const recoveryCodesSchema = z.strictObject({ recoveryCodes: z.array(z.string()).meta({ description: 'Shown this once; each is good once' }) }).meta({ id: 'RecoveryCodes' });
