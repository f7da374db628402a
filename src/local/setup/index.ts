import { type Home, openHome } from '../home.ts';
import type { Installed, Report } from './installed.ts';
import { SetupError } from './installed.ts';
import { findIsolation } from './isolation.ts';
import { findNginx } from './nginx.ts';
import { findNode } from './node.ts';
import { createPip } from './pip.ts';
import { findPostgres } from './postgres.ts';
import { findPython } from './python.ts';
import { writeInstalled } from './record.ts';
import { findTemporal } from './temporal.ts';
import { bringToolsVenv } from './tools-venv.ts';

export * from './installed.ts';

/**
 * Finds or brings all that a local platform runs on. Can be stopped at any moment and started again; with all there
 * it takes well under a second.
 *
 * @param stopping ends what is under way, a download or a build, and removes what that began
 * @throws SetupError with one line that says what to install; the step was reported as failed. As all that it throws, once
 *   nothing is under way any more.
 * @throws AbortError
 */
export async function setUp(home: Home, report: Report, stopping?: AbortSignal): Promise<Installed> {
  openHome(home);
  const node = findNode(report);
  // Building Temporal may take minutes and needs nothing of the others.
  const failed = new AbortController();
  const temporal = findTemporal(home, report, process.env, AbortSignal.any([failed.signal, ...(stopping ? [stopping] : [])]));
  temporal.catch(() => {}); // awaited below; a failure before that must not end the process
  try {
    const postgres = await findPostgres(home, report, process.env, stopping);
    const python = await findPython(home, report, stopping);
    const pip = createPip(home, python, stopping);
    const toolsVenv = await bringToolsVenv(home, python, pip, report);
    const nginx = await findNginx(home, python, report, undefined, stopping);
    const isolation = findIsolation(report);
    const installed = { node, postgres, temporal: await temporal, nginx, python, toolsVenv, pip, isolation };
    writeInstalled(home, installed);
    return installed;
  } catch (error) {
    failed.abort();
    await temporal.catch(() => {});
    if (error instanceof SetupError) report({ name: error.step, state: 'failed', detail: error.message });
    throw error;
  }
}
