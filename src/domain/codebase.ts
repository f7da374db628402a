import { z } from 'zod';
import { isReservedVariable, templateProblem } from './codebase-environment.ts';
import { healthPathSchema, healthStatusesSchema, slowMsSchema } from './health-check.ts';

export { expandEnvironment, isReservedVariable, siteEnvironment } from './codebase-environment.ts';
export type { SiteFile } from './site-file.ts';

/** Values that reach uWSGI's and nginx's files hold nothing that these expand. */
const PLAIN = /^[A-Za-z0-9._/-]+$/;

const relativePath = z
  .string()
  .min(1)
  .refine((path) => !path.startsWith('/'), 'must be relative to the codebase')
  .refine((path) => !/[\0\n\r]/.test(path), 'must be one line');

const insidePath = relativePath.refine((path) => !path.split('/').includes('..'), 'must stay inside the codebase');

const urlPrefix = z
  .string()
  .regex(/^\/([A-Za-z0-9._-]+\/)+$/, 'must be a path that begins and ends with a slash, like /static/')
  .refine((path) => !/\/\.\.?\//.test(path), 'must not hold . or .. as a part')
  .refine((path) => !path.startsWith('/.reeve/'), '/.reeve/ is Reeve’s own');

const dottedName = z.string().regex(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/, 'must be a Python module, like mysite.settings');

const command = z
  .array(z.string().refine((part) => !/[\0\n\r]/.test(part), 'must be one line'))
  .min(1, 'must name at least the script, like ["manage.py", "migrate", "--noinput"]');

const variableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable')
  .refine((name) => !isReservedVariable(name), 'is set by Reeve itself, or would change what code runs');

const template = z.string().superRefine((text, context) => {
  const problem = templateProblem(text);
  if (problem) context.addIssue({ code: 'custom', message: problem });
});

/** A Python version range, like `>=3.10` or `>=3.11,<3.14`. */
const pythonRange = z
  .string()
  .regex(/^\s*(>=|<=|==|!=|>|<)\s*\d+(\.\d+){0,2}(\s*,\s*(>=|<=|==|!=|>|<)\s*\d+(\.\d+){0,2})*\s*$/, {
    message: 'must be a range like >=3.10 or >=3.11,<3.14',
  });

/** `codebase.json`: what Reeve must know of a Django project to host sites from it. */
export const codebaseSchema = z.strictObject({
  $schema: z.string().optional(),
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be small letters, digits and hyphens'),
  python: pythonRange.default('>=3.10'),
  /** A requirements file; versions should be pinned, as a release is what they were on the day it was made. */
  requirements: insidePath.regex(PLAIN).default('requirements.txt'),
  /**
   * Directories of import packages that are copied beside the code, relative to the codebase and possibly outside it
   * (`../shared/mypackage`). The word `reeve_django` alone is the package that came with this Reeve.
   */
  packages: z.array(relativePath).default([]),
  /** Paths that are not copied into a release, beside version control, caches and virtual environments. */
  exclude: z.array(insidePath).default([]),
  wsgi: z
    .string()
    .regex(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$/, 'must be module:callable, like mysite.wsgi:application'),
  settings: dottedName,
  /** Arguments to the release's own Python, run in the code's directory. */
  commands: z
    .strictObject({
      migrate: command.default(['manage.py', 'migrate', '--noinput']),
      collectStatic: command.default(['manage.py', 'collectstatic', '--noinput']),
      created: command.optional(),
      primaryChanged: command.optional(),
    })
    .prefault({}),
  health: z
    .strictObject({
      path: healthPathSchema.default('/'),
      statuses: healthStatusesSchema.default([200]),
      /** The platform's own (`health.slowMs`) when left out. */
      slowMs: slowMsSchema.optional(),
    })
    .prefault({}),
  static: z
    .strictObject({
      url: urlPrefix.default('/static/'),
      /** Where collecting puts the files if the settings name a fixed place; else use {{static.root}}. */
      root: insidePath.optional(),
    })
    .prefault({}),
  media: z
    .strictObject({
      url: urlPrefix.default('/media/'),
      /** Below the media URL: served by Django alone, which asks who may see them. */
      private: z
        .array(
          z
            .string()
            .max(100)
            .regex(/^([A-Za-z0-9._-]+\/)+$/, 'must be a directory below the media URL, like documents/')
            .refine((directory) => !/(^|\/)\.\.?\//.test(directory), 'must not hold . or .. as a part'),
        )
        // All of them are one word of nginx's, of 4,096 bytes at most.
        .max(30)
        .default([]),
    })
    .prefault({}),
  /** Variable to template, for code that reads plain environment variables. */
  environment: z.record(variableName, template).default({}),
});

export type Codebase = z.infer<typeof codebaseSchema>;
export type CodebaseCommand = keyof Codebase['commands'];

/** Whether a Python version (`3.11.2`) is in a codebase's range (`>=3.10,<3.14`). */
export function pythonSatisfies(range: string, version: string): boolean {
  return range.split(',').every((part) => {
    const [, operator, bound] = part.match(/^\s*(>=|<=|==|!=|>|<)\s*([\d.]+)\s*$/) ?? [];
    if (!operator || !bound) return false;
    // `==3.11` means any 3.11, and `<=3.13` any 3.13: compare as far as the bound goes.
    const wanted = bound.split('.').map(Number);
    const have = version.split('.').map(Number).slice(0, wanted.length);
    const order = wanted.reduce((sign, number, i) => sign || Math.sign((have[i] ?? 0) - number), 0);
    switch (operator) {
      case '>=':
        return order >= 0;
      case '<=':
        return order <= 0;
      case '==':
        return order === 0;
      case '!=':
        return order !== 0;
      case '>':
        return order > 0;
      default:
        return order < 0;
    }
  });
}
