import { setTimeout as delay } from 'node:timers/promises';

/**
 * Between two requests of a client that asks again and again: without it such clients take whatever the processors have, from
 * all that runs beside them, and see no more of what they look for.
 */
export const moment = (ms = 5): Promise<void> => delay(ms);
