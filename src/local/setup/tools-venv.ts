import { join } from 'node:path';
import type { Home } from '../home.ts';
import type { Pip, PythonChoice, Report } from './installed.ts';

/** The virtual environment with uWSGI, one for each version of Python: bin/python3 and bin/pyuwsgi. */
export async function bringToolsVenv(home: Home, python: PythonChoice, pip: Pip, report: Report): Promise<string> {
  const venv = join(home.toolsDir, `uwsgi-python-${python.version}`);
  await pip.makeVenv(venv, report);
  await pip.installRequirements(venv, join(home.clone, 'tools', 'python', 'requirements.txt'), report);
  report({ name: 'uWSGI', state: 'done', detail: `pyuwsgi, ${venv}` });
  return venv;
}
