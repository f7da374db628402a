import type { Log } from '../log.ts';

/** What the API says of itself: each request, and what went wrong. */
export type ApiLog = Pick<Log, 'info' | 'error'>;
