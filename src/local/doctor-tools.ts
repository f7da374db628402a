/** What the doctor says of the programs that set-up chooses or brings. */
import type { Finding } from './doctor.ts';
import { isExecutable } from './setup/command.ts';
import { SetupError } from './setup/installed.ts';
import { locatePostgres } from './setup/postgres.ts';
import { inspectPythons, installPython } from './setup/python.ts';
import type { InstalledRecord } from './setup/record.ts';

/** What the last set-up chose, and whether it is still there. */
export function checkInstalled(installed: InstalledRecord): Finding[] {
  const { python, postgres, temporal, nginx, toolsVenv } = installed;
  const server = postgres.binDir && `${postgres.version}, ${postgres.binDir}${postgres.user ? `, as ${postgres.user.name}` : ''}`;
  const given = [postgres.url && `platform: ${postgres.url}`, postgres.sitesUrl && `sites: ${postgres.sitesUrl}`];
  return [
    present('Postgres', [server, ...given].filter(Boolean).join('; '), postgres.binDir && `${postgres.binDir}/postgres`),
    present('Temporal', temporal.address ?? `${temporal.version} (${temporal.source}), ${temporal.binary}`, temporal.binary),
    present('nginx, chosen', `${nginx.version} (${nginx.source}), ${nginx.path}`, nginx.path),
    present('Python', `${python.version}, ${python.path}`, python.path),
    ...passedOver(python.skipped),
    present('uWSGI', toolsVenv, `${toolsVenv}/bin/pyuwsgi`),
  ];
}

/** Before set-up has ended there is no record: what it would choose is looked for. */
export async function checkUninstalled(env: NodeJS.ProcessEnv = process.env, pythons?: readonly string[]): Promise<Finding[]> {
  const { choice, skipped } = await inspectPythons(pythons);
  const python: Finding = choice ? { name: 'Python', state: 'ok', detail: `${choice.version}, ${choice.path}` }
    : { name: 'Python', state: 'missing', detail: 'none from 3.10 to 3.14', hint: installPython() };
  return [
    checkPostgres(env), python, ...passedOver(skipped),
    choice ? { name: 'uWSGI', state: 'ok', detail: 'pip brings pyuwsgi from PyPI' }
      : { name: 'uWSGI', state: 'missing', detail: 'pip brings pyuwsgi from PyPI, once there is a Python', hint: 'install Python first' },
  ];
}

function checkPostgres(env: NodeJS.ProcessEnv): Finding {
  const name = 'Postgres';
  if (env.DATABASE_URL && env.REEVE_SITES_DATABASE_URL) return { name, state: 'ok', detail: 'DATABASE_URL and REEVE_SITES_DATABASE_URL are used' };
  try {
    const { version, native } = locatePostgres();
    return { name, state: 'ok', detail: `${version}, of npm: ${native}` };
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    return { name, state: 'missing', detail: 'the binaries of npm are not there', hint: error.message };
  }
}

function passedOver(skipped: InstalledRecord['python']['skipped']): Finding[] {
  return skipped.map(({ path, reason }) => ({ name: 'Python, passed over', state: 'ok', detail: `${path}: ${reason}` }));
}

function present(name: string, detail: string, path: string | undefined): Finding {
  if (!path || isExecutable(path)) return { name, state: 'ok', detail };
  return { name, state: 'missing', detail: `${path} is gone`, hint: 'npm start brings it again' };
}
