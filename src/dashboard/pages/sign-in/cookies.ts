/** Small things that a browser keeps while somebody signs in. The session's own cookie is src/database/sessions.ts's. */
import type { Request, Response } from 'express';

/** `reeve_code`: who has shown a password and not yet a code. `reeve_oidc`: which browser went elsewhere. `reeve_known`: has been here before. */
export type SmallCookie = 'reeve_code' | 'reeve_oidc' | 'reeve_known';

/** Sent to the pages of signing in alone. */
const PATH = '/sign-in';

export function readCookie(request: Request, name: SmallCookie): string | undefined {
  const pairs = (request.get('cookie') ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** @param value letters of base64url and dots; null takes it away */
export function setCookie(request: Request, response: Response, name: SmallCookie, value: string | null, maxAgeS: number): void {
  const secure = request.secure ? '; Secure' : '';
  response.append('set-cookie', `${name}=${value ?? ''}; Max-Age=${value === null ? 0 : maxAgeS}; Path=${PATH}; HttpOnly; SameSite=Lax${secure}`);
}
