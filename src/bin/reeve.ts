/**
 * `reeve`: one program with one verb per part. Each part's code is loaded only when its verb is asked for, so that the
 * command line starts quickly.
 */
import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { buildCommandLine } from '../cli/index.ts';
import type { Config } from '../config.ts';
import { ERRORS, isReeveError } from '../domain/errors.ts';
import { childEnvironment } from '../local/environment.ts';

// Temporal's client reads proxies from the environment, and would ask one for a server on the loopback.
Object.assign(process.env, childEnvironment());

const program = new Command('reeve')
  .description('Hosts many Django and Wagtail sites from one codebase, and keeps them in step, watched and mended.')
  .version(version())
  .showHelpAfterError()
  .enablePositionalOptions();

program
  .command('up')
  .summary('run the whole platform on this machine')
  .description('Runs everything on this machine: two Postgres servers, Temporal with its UI, the API, the control worker, an edge and local containers. Ctrl-C stops it; the next start finds all of it again.')
  .option('--codebase <path>', 'the Django project to run instead of the example')
  .option('--containers <n>', 'local containers, at least (2 on a first start)', parseCount)
  .option('--no-samples', 'make no sample sites on the first start')
  .action(async (options: { codebase?: string; containers?: number; samples: boolean }) => {
    const { up } = await import('../local/up.ts');
    await up(options);
  });

program
  .command('api')
  .description('The API: takes every change. Configured by the environment (src/config.ts).')
  .action(() => runPart(async (config) => {
    const { serveApi } = await import('../api/serve.ts');
    const api = await serveApi(config);
    return { stop: () => api.close() };
  }));

program
  .command('control')
  .description('The control worker: workflows, and what they do to databases, stores, releases and containers.')
  .action(() => runPart(async (config) => {
    const { runControl } = await import('../control/run.ts');
    const control = await runControl(config, await localTools(config));
    return { stop: () => control.shutdown(), done: control.done };
  }));

program
  .command('compose-keys')
  .description('What docker-compose.yml needs before its databases start: the master key, and their password.')
  .action(async () => {
    const { makeComposeKeys } = await import('../local/compose/keys.ts');
    makeComposeKeys();
  });

program
  .command('compose-setup')
  .description('What docker-compose.yml needs before its parts start: the database, and what each part is told.')
  .action(async () => {
    const [{ readConfig }, { setUpCompose }, { readComposePlace }] = await Promise.all([
      import('../config.ts'), import('../local/compose/setup.ts'), import('../local/compose/place.ts'),
    ]);
    await setUpCompose(readConfig(), readComposePlace());
  });

program
  .command('container-run <config>')
  .description('One container (or the edge): nginx, the uWSGI emperor and the agent as siblings.')
  .action(async (file: string) => {
    const { runContainer } = await import('../agent/supervisor.ts');
    await runContainer(file);
  });

program
  .command('agent <config>')
  .description('The agent alone; its supervisor starts it.')
  .action(async (file: string) => {
    const { runAgent } = await import('../agent/agent.ts');
    await runAgent(file);
  });

await buildCommandLine(program, process.argv[2]);

/** @throws InvalidArgumentError */
function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > 32) throw new InvalidArgumentError('It is a whole number from 1 to 32.');
  return count;
}

/** On a person's machine the set-up's own Python makes the releases' environments. */
async function localTools(config: Config) {
  if (!config.REEVE_LOCAL_FILE) return {};
  const [{ readLocalFile }, { localPythonTools }] = await Promise.all([import('../cluster/local-file.ts'), import('../local/python-tools.ts')]);
  return { installTools: localPythonTools(readLocalFile(config.REEVE_LOCAL_FILE).python) };
}

function version(): string {
  return (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;
}

/** A part runs until it is told to stop, or ends by itself, which is a failure. */
async function runPart(start: (config: Config) => Promise<{ stop(): Promise<void>; done?: Promise<void> }>): Promise<void> {
  const { readConfig } = await import('../config.ts');
  const part = await start(readConfig());
  const told = Promise.withResolvers<void>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => told.resolve());
  await Promise.race([told.promise, part.done ?? told.promise]);
  await part.stop();
}

try {
  await program.parseAsync();
} catch (error) {
  const known = isReeveError(error);
  console.error(`reeve: ${known ? error.message : (error as Error).stack}`);
  process.exitCode = known ? ERRORS[error.type].exit : 1;
}
