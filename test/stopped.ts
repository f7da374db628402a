/**
 * Loaded before each test file: one that is told to end (Ctrl-C, or its time is over) ends as if by itself, so that what it
 * does at its exit is done. Without it a whole platform that it had started would go on.
 */
import { constants } from 'node:os';

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(128 + constants.signals[signal]));
