/** One-time codes of an app (TOTP, RFC 6238): SHA-1, six digits, 30 s, which is what every app can do. */
import { Secret, TOTP } from 'otpauth';
import { renderSVG } from 'uqr';

const PERIOD_S = 30;
/** Codes of the half minute before and after count too: clocks differ. */
const WINDOW = 1;

/** A new secret in base32: 160 bits. */
export const newTotpSecret = (): string => new Secret({ size: 20 }).base32;

const totp = (secret: string, email = ''): TOTP =>
  new TOTP({ issuer: 'Reeve', label: email, secret: Secret.fromBase32(secret), algorithm: 'SHA1', digits: 6, period: PERIOD_S });

/** `otpauth://totp/…`, which an app reads from a QR code. */
export const totpUri = (secret: string, email: string): string => totp(secret, email).toString();

/** The QR code as SVG that needs no style of its own; black on white in both schemes, as scanners want it. */
export const qrCode = (text: string): string => renderSVG(text, { border: 2, pixelSize: 4 });

/** The half minute that the code is of, to be kept so that it is good only once; null when it is of none near now. */
export function stepOfCode(secret: string, code: string, now: number = Date.now()): number | null {
  const digits = code.replace(/[\s-]/g, '');
  if (!/^\d{6}$/.test(digits)) return null;
  const delta = totp(secret).validate({ token: digits, timestamp: now, window: WINDOW });
  return delta === null ? null : Math.floor(now / 1_000 / PERIOD_S) + delta;
}
