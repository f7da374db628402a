import type { Request } from 'express';
import type { Origin } from '../sign-in/check.ts';

/** Where somebody signs in from. */
export const originOf = (request: Request): Origin => ({ address: request.ip, agent: request.get('user-agent') });
