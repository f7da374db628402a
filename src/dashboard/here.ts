import type { OpenView } from './page.ts';

/** Where people find this platform, without a slash at its end: as it is configured, or else as this request asked for it. */
export const hereOf = ({ deps, request }: Pick<OpenView, 'deps' | 'request'>): string =>
  (deps.config.REEVE_URL ?? `${request.protocol}://${request.get('host')}`).replace(/\/+$/, '');
