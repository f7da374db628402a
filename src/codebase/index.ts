/** Making, checking and running releases of the shared codebase. */
export { type CheckTools, checkCodebase } from './check.ts';
export { type CommandDone, type ForSite, migrate, runForSite, runHook } from './commands.ts';
export type { CodebaseFinding } from './finding.ts';
export { type Install, installRelease } from './install.ts';
export { type ReadCodebase, readCodebase } from './read.ts';
export { CodebaseRefused, type CodebaseStep } from './refused.ts';
export { type Release, type ReleaseFile, readRelease, releaseAt } from './release.ts';
export type { SystemUser } from './run.ts';
export { throwawaySite, withDirectory } from './site-files.ts';
export { discardRelease } from './unused.ts';
export type { PythonTools } from './venv.ts';
