/** Command lines that wait to be let in by somebody who is signed in (as RFC 8628 does it). */
import { createHash, randomBytes } from 'node:crypto';
import { ReeveError } from '../../domain/errors.ts';
import type { Actor } from '../change.ts';
import { translated } from '../errors.ts';
import { type Queryable, within } from '../pool.ts';
import { writeAudit } from '../write-audit.ts';

const hashOf = (text: string): Buffer => createHash('sha256').update(`reeve device ${text}`).digest();
/** No vowels, so no words; nothing that looks like something else. */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';

export interface Device {
  /** What the command line calls itself, e.g. `ada@laptop`. */
  readonly name: string;
  readonly address: string | null;
  readonly endsAt: Date;
}

/** @returns what the command line keeps to itself, and what a person reads on both sides: `BCDF-GHJK` */
export async function beginDevice(db: Queryable, { name, address }: { name: string; address: string | undefined }): Promise<{ device: string; code: string; endsAt: Date }> {
  const device = randomBytes(32).toString('base64url');
  const letters = [...randomBytes(8)].map((byte) => LETTERS[byte % LETTERS.length]).join('');
  const code = `${letters.slice(0, 4)}-${letters.slice(4)}`;
  const { rows: [row] } = await translated(db.query<{ ends_at: Date }>(
    `insert into device_sign_in (device, code, name, address, ends_at) values ($1, $2, $3, $4, clock_timestamp() + interval '10 minutes') returning ends_at`,
    [hashOf(device), code, name, address ?? null]));
  return { device, code, endsAt: row!.ends_at };
}

/** The one that waits under that code; null when none does. */
export async function waitingDevice(db: Queryable, code: string): Promise<Device | null> {
  const { rows: [row] } = await translated(db.query<Device>(
    `select name, address, ends_at as "endsAt" from device_sign_in where code = $1 and user_id is null and ends_at > clock_timestamp()`, [foldCode(code)]));
  return row ?? null;
}

/** @throws ReeveError `not-found` when none waits under that code */
export async function letDeviceIn(db: Queryable, code: string, user: string, actor: Actor): Promise<void> {
  await within(db, async (db) => {
    const { rows: [row] } = await translated(db.query<{ name: string }>(
      `update device_sign_in set user_id = $2 where code = $1 and user_id is null and ends_at > clock_timestamp() returning name`, [foldCode(code), user]));
    if (!row) throw new ReeveError('not-found', 'no command line waits under that code: begin again there');
    await writeAudit(db, { actor, action: 'device.let-in', subject: `user:${user}`, after: { name: row.name } });
  });
}

/** Whose it is now, once; `waiting` until somebody has let it in. @throws ReeveError `not-found` when it is late, or was taken */
export async function takeDevice(db: Queryable, device: string): Promise<'waiting' | { user: string; name: string }> {
  const { rows: [taken] } = await translated(db.query<{ user: string; name: string }>(
    'delete from device_sign_in where device = $1 and user_id is not null and ends_at > clock_timestamp() returning user_id as user, name', [hashOf(device)]));
  if (taken) return taken;
  const { rowCount } = await translated(db.query('select 1 from device_sign_in where device = $1 and ends_at > clock_timestamp()', [hashOf(device)]));
  if (!rowCount) throw new ReeveError('not-found', 'nobody let this in in time: begin again');
  return 'waiting';
}

const foldCode = (typed: string): string => {
  const letters = typed.toUpperCase().replace(/[^A-Z]/g, '');
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
};
