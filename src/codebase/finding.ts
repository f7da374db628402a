import type { CodebaseStep } from './refused.ts';

/** What one step of a check found. `skipped`: an earlier problem, or a missing tool, made it impossible. */
export interface CodebaseFinding {
  readonly step: CodebaseStep;
  readonly state: 'ok' | 'problem' | 'skipped';
  /** One line for people: what was tried. */
  readonly title: string;
  /** The tool's last lines. */
  readonly lastLines: readonly string[];
  /** What to do about a problem. */
  readonly advice: string | null;
}

const STEPS: Record<CodebaseStep, { title: string; advice: string }> = {
  read: {
    title: 'codebase.json describes the project',
    advice: 'Correct codebase.json; each line names the place in it.',
  },
  copy: { title: 'its files can be copied', advice: 'Replace the link by a file, or name it in `exclude`.' },
  python: {
    title: 'this machine’s Python suits it',
    advice: 'Install such a Python, or widen `python` in codebase.json.',
  },
  requirements: { title: 'its requirements install', advice: 'Try the same with pip in a fresh virtual environment.' },
  import: {
    title: 'its WSGI application can be imported',
    advice:
      'Name a variable that is missing in `environment`, and a module that is missing in the requirements. Nothing may ask the database while it is imported.',
  },
  check: { title: 'Django’s own checks pass', advice: 'Correct what `manage.py check` names.' },
  collectStatic: {
    title: 'its static files can be collected',
    advice: 'Give STATIC_ROOT the value {{static.root}} in `environment`, or name the fixed place in `static.root`.',
  },
  migrate: {
    title: 'its migrations run on a fresh database',
    advice:
      'Give the database’s variables in `environment` ({{database.url}}); migrations may need no more rights than an owner has.',
  },
  created: {
    title: 'its `created` hook runs',
    advice: 'The hook must work on a freshly migrated database, and when it is repeated.',
  },
  primaryChanged: {
    title: 'its `primaryChanged` hook runs',
    advice: 'The hook must work on a new site, and when it is repeated.',
  },
  health: {
    title: 'its health path answers',
    advice:
      'Name a path in `health` that answers without a sign-in, and the statuses it may have; give ALLOWED_HOSTS {{hostnames}}.',
  },
};

/** In the order of trying. */
export const ORDER = [
  'read',
  'copy',
  'python',
  'requirements',
  'import',
  'check',
  'collectStatic',
  'migrate',
  'created',
  'primaryChanged',
  'health',
] as const;

/** What was found at one step, in words. */
export function finding(
  step: CodebaseStep,
  state: CodebaseFinding['state'],
  lastLines: readonly string[] = [],
): CodebaseFinding {
  return { step, state, title: STEPS[step].title, lastLines, advice: state === 'problem' ? STEPS[step].advice : null };
}
