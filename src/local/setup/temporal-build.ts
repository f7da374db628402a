import { dirname } from 'node:path';
import { childEnvironment } from '../environment.ts';
import { findPrograms, runCommand } from './command.ts';
import { type Report, SetupError } from './installed.ts';

const PACKAGE = 'github.com/temporalio/cli/cmd/temporal';
const INSTALL = 'install the Temporal CLI, or Go 1.21 or newer to build it, or set TEMPORAL_ADDRESS';

/**
 * Builds the tool from the module in `source`, whose go.mod pins it and the Go toolchain (Go fetches that itself).
 * 4 to 6 minutes on two cores, 138 MB. Progress counts packages.
 *
 * @throws SetupError where there is no Go, or with the last lines of the build.
 */
export async function buildTemporal(
  source: string, target: string, report: Report, env: NodeJS.ProcessEnv, stopping?: AbortSignal,
): Promise<void> {
  const go = findPrograms('go', env)[0];
  if (!go) throw new SetupError('Temporal', `no Temporal server could be downloaded: ${INSTALL}`);
  const settings = childEnvironment(
    // Without cgo no C compiler is needed; some distributions forbid Go to fetch the toolchain that go.mod asks for.
    // When it is stopped it leaves what it was at: beside the target that is removed with the rest.
    { CGO_ENABLED: '0', GOTOOLCHAIN: env.GOTOOLCHAIN ?? 'auto', GOFLAGS: '', GOTMPDIR: dirname(target) },
    env,
  );
  report({ name: 'Temporal', state: 'working', detail: 'building it with Go: some minutes, once' });
  const list = await runCommand(go, ['list', '-deps', PACKAGE], {
    cwd: source,
    env: settings,
    stopping,
    onLine: (line) => {
      if (line.startsWith('go: downloading')) report({ name: 'Temporal', state: 'working', detail: line.slice('go: '.length) });
    },
  });
  if (list.code !== 0) throw new SetupError('Temporal', `Go cannot fetch the modules of the Temporal CLI: ${INSTALL}`, { tail: list.tail });
  const total = list.stdout.split('\n').length;
  let built = 0;
  const build = await runCommand(go, ['build', '-v', '-trimpath', '-ldflags', '-s -w', '-o', target, PACKAGE], {
    cwd: source,
    env: settings,
    stopping,
    onLine: (line) => {
      if (line.startsWith('go: ')) return;
      built += 1;
      const progress = Math.min(built / total, 0.99);
      report({ name: 'Temporal', state: 'working', detail: `building it with Go: ${built} of ${total} packages`, progress });
    },
  });
  if (build.code !== 0) throw new SetupError('Temporal', `the Temporal CLI cannot be built: ${INSTALL}`, { tail: build.tail });
}
