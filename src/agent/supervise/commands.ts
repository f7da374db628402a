/** What the supervisor starts, as data. */
import { existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Layout, places } from '../../domain/layout.ts';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** Each vassal's start closes every possible descriptor: at a limit of a million that took 218 ms (DATAPLANE). */
const OPEN_FILES = 20_000;
/** The emperor's scan; more often costs more, and it also reaps the dead (DATAPLANE). */
const EMPEROR_FREQUENCY = 3;
const WRAPPER = fileURLToPath(new URL('../../../templates/uwsgi/wrapper.sh', import.meta.url));
const AGENT = fileURLToPath(new URL('../main.ts', import.meta.url));

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Run a command with a lower limit of open files; one that is lower already stays. */
function limited(command: Command): Command {
  return {
    ...command,
    program: '/bin/sh',
    args: ['-c', `ulimit -n ${OPEN_FILES} 2>/dev/null; exec "$@"`, 'sh', command.program, ...command.args],
  };
}

/** Null until there is a configuration to start with: the agent writes the first one. */
export function nginxCommand(layout: Layout): Command | null {
  const conf = `${places.nginxCurrent(layout)}/nginx.conf`;
  if (!existsSync(conf)) return null;
  return limited({
    program: layout.nginx,
    args: ['-p', places.nginxDir(layout), '-c', conf, '-e', `${layout.root}/log/nginx-error.log`, '-g', 'daemon off;'],
    env: { PATH }, cwd: layout.root,
  });
}

/** A killed nginx leaves its Unix sockets, and then cannot bind them. */
export function clearNginxSockets(layout: Layout): void {
  rmSync(places.probeSocket(layout), { force: true });
  rmSync(places.relaySocket(layout), { force: true });
}

export function emperorCommand(layout: Layout): Command {
  return limited({
    program: `${layout.toolsVenv}/bin/python3`,
    args: [
      '-c', 'import sys, pyuwsgi; pyuwsgi.run(sys.argv[1:])',
      '--emperor', places.vassalsDir(layout),
      ...(layout.firstUid === null ? [] : ['--emperor-tyrant']),
      '--emperor-wrapper', WRAPPER,
      '--emperor-stats-server', places.emperorStats(layout),
      '--emperor-freq', String(EMPEROR_FREQUENCY),
      '--emperor-graceful-shutdown',
      '--emperor-max-throttle', '10000',
      '--emperor-required-heartbeat', '30',
      '--listen', '100',
      '--die-on-term',
      '--logto2', places.emperorLog(layout),
    ],
    env: { PATH, REEVE_TOOLS_VENV: layout.toolsVenv }, cwd: layout.root,
  });
}

export function agentCommand(layout: Layout, configFile: string): Command {
  return {
    program: process.execPath,
    args: ['--max-semi-space-size=1', AGENT, configFile],
    // One malloc arena: the Temporal core's threads otherwise take 20 MB more (TEMPORAL.md).
    env: { ...(process.env as Record<string, string>), MALLOC_ARENA_MAX: '1' }, cwd: layout.root,
  };
}
