import { z } from 'zod';
import { isReservedVariable } from './codebase-environment.ts';
import type { SiteSettings } from './desired.ts';
import { healthPathSchema, healthStatusesSchema, slowMsSchema } from './health-check.ts';

/**
 * What an administrator may set for a site: bounds and defaults. The defaults fit a Wagtail site of moderate traffic:
 * about 110 MB for each process that is awake; two processes, so that one slow or dying request does not stop it.
 */
export const siteSettingsSchema = z.strictObject({
  processes: z.int().min(1).max(16).default(2),
  threads: z.int().min(1).max(16).default(2),
  /** nginx waits ten seconds longer than the longest that is in use. */
  harakiri: z.int().min(5).max(600).default(30),
  /** Address space, not resident memory: Python with Pillow maps some 400 MiB before the first request. */
  memory: z.int().min(512).max(16_384).default(1_024),
  /** A container needs up to processes × threads of them, twice for a moment while a vassal is replaced. */
  connections: z.int().min(2).max(500).default(10),
  /** What probes ask for, and what is well; null: as its codebase says. */
  healthPath: healthPathSchema.nullable().default(null),
  healthStatuses: healthStatusesSchema.nullable().default(null),
  slowMs: slowMsSchema.nullable().default(null),
}) satisfies z.ZodType<SiteSettings>;

/** A change of some of them, as PATCH takes it: what is left out stays as it is. */
export const siteSettingsPatchSchema = z.strictObject(
  Object.fromEntries(Object.entries(siteSettingsSchema.shape).map(([name, field]) => [name, field.removeDefault().optional()])) as {
    [K in keyof typeof siteSettingsSchema.shape]: z.ZodOptional<ReturnType<(typeof siteSettingsSchema.shape)[K]['removeDefault']>>;
  },
);

/** The settings of a row, with the defaults for what it does not say. @throws ZodError when a value is out of bounds */
export function siteSettings(stored: unknown): z.infer<typeof siteSettingsSchema> {
  return siteSettingsSchema.parse(stored ?? {});
}

/** Hosts that mail programs, browsers and people expect to be something else than a site, and the platform's own. */
const RESERVED = new Set([
  'admin', 'api', 'autoconfig', 'autodiscover', 'broadcasthost', 'dashboard', 'dns', 'edge', 'ftp', 'generation',
  'imap', 'internal', 'isatap', 'localdomain', 'localhost', 'mail', 'mta-sts', 'mx', 'ns', 'ns1', 'ns2', 'ns3', 'ns4',
  'ntp', 'pop', 'pop3', 'postmaster', 'ready', 'reeve', 'root', 'smtp', 'ssh', 'status', 'temporal', 'webmail', 'wpad',
  'www',
]);

/** What is wrong with a site's name, in words; null when nothing is. It becomes `<name>.<baseDomain>`. */
export function siteNameProblem(name: string): string | null {
  if (name.length < 2 || name.length > 40) return 'a name has 2 to 40 characters.';
  if (!/^[a-z0-9-]+$/.test(name)) return 'a name holds small letters a to z, digits and hyphens.';
  if (!/^[a-z]/.test(name)) return 'a name begins with a letter.';
  if (name.endsWith('-')) return 'a name does not end with a hyphen.';
  // DNS keeps these for encodings: xn--… would show as other letters than it says.
  if (name.slice(2, 4) === '--') return 'a name has no two hyphens in third and fourth place.';
  if (RESERVED.has(name)) return `${name} is kept for the platform.`;
  return null;
}

export const siteNameSchema = z.string().superRefine((name, context) => {
  const problem = siteNameProblem(name);
  if (problem) context.addIssue({ code: 'custom', message: problem });
});

/** What is wrong with the name of a variable that people set for a site; null when nothing is. */
export function envNameProblem(name: string): string | null {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name)) return 'a variable has letters, digits and underscores, and no digit first.';
  if (isReservedVariable(name)) return `${name} is set by Reeve itself, or would change what code runs.`;
  return null;
}

/** The largest value of one variable, in bytes. All of a site's together are held to 256 KiB by `envProblem`. */
const MAX_VALUE = 32_768;
const MAX_ENVIRONMENT = 262_144;

/** What is wrong with a site's own variables, in words, each with the name it is about; empty when nothing is. */
export function envProblems(env: Readonly<Record<string, string>>): { name: string; message: string }[] {
  const problems: { name: string; message: string }[] = [];
  let total = 0;
  for (const [name, value] of Object.entries(env)) {
    const size = Buffer.byteLength(value);
    total += name.length + size;
    const problem = envNameProblem(name);
    if (problem) problems.push({ name, message: problem });
    // The operating system ends a variable at the first zero byte.
    if (value.includes('\0')) problems.push({ name, message: 'a value holds no zero byte.' });
    if (size > MAX_VALUE) problems.push({ name, message: `a value has at most ${MAX_VALUE} bytes.` });
  }
  if (total > MAX_ENVIRONMENT) problems.push({ name: '', message: `all variables together have at most ${MAX_ENVIRONMENT} bytes.` });
  return problems;
}
