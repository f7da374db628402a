import type { Command } from 'commander';
import { ReeveError } from '../domain/errors.ts';
import { findHome } from '../local/home.ts';
import { act, type CommonOptions } from './context.ts';
import { readAccess } from './connection.ts';
import { fields } from './output/table.ts';

/** `reeve doctor` and `reeve open`: what is on this machine, running or not. */
export function addLocal(program: Command): void {
  program.command('doctor').description('what was found on this machine and chosen, and what is missing')
    .option('--json', 'print it as JSON')
    .addHelpText('after', '\nExample:\n  reeve doctor')
    .action(act<[]>(async (context) => {
      const { doctor, formatDoctor } = await import('../local/doctor.ts');
      const report = await doctor(findHome());
      if (context.terminal.json) context.terminal.printJson(report);
      else context.terminal.print(formatDoctor(report));
      if (report.findings.some((finding) => finding.state === 'missing')) process.exitCode = 1;
    }));

  program.command('open').description('the addresses of the platform on this machine; with a name, open it in the browser')
    .argument('[what]', 'dashboard, edge, temporalUi or api')
    .option('--json', 'print them as JSON')
    .addHelpText('after', '\nExamples:\n  reeve open\n  reeve open temporalUi')
    .action(act<[string | undefined], CommonOptions>(async (context, what) => {
      const access = readAccess();
      if (!access) throw new ReeveError('unavailable', 'no platform is running here: start one with `reeve up`');
      const { token: _, ...addresses } = access;
      if (what === undefined) {
        if (context.terminal.json) return context.terminal.printJson(addresses);
        return context.terminal.print(fields(Object.entries(addresses)));
      }
      const address = (addresses as Record<string, string | undefined>)[what];
      if (!address) throw new ReeveError('bad-request', `${what} is none of ${Object.keys(addresses).join(', ')}`);
      context.terminal.print(address);
      const { default: open } = await import('open');
      await open(address);
    }));
}
