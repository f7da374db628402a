import type { Command } from 'commander';
import { ReeveError } from '../../domain/errors.ts';
import { act, type CommonOptions, talks } from '../context.ts';
import type { Site } from '../resources.ts';
import { collectSetting } from '../values.ts';
import { findSite } from './find.ts';

/** `reeve site set`: settings and owner; every container follows by itself. */
export function addSet(site: Command): void {
  talks(site.command('set').description('change a site’s settings, or its owner'))
    .argument('<site>', 'its name, id or a hostname of it')
    .argument('[name=value...]', 'settings, like processes=4')
    .option('--owner <owner>', 'who owns it; empty for nobody')
    .addHelpText('after', '\nExamples:\n  reeve site set alpha processes=4 threads=8\n  reeve site set alpha healthPath=/up/ slowMs=500\n  reeve site set alpha --owner ada')
    .action(act<[string, string[]], CommonOptions & { owner?: string }>(async (context, given, pairs, { owner }) => {
      if (pairs.length === 0 && owner === undefined) throw new ReeveError('bad-request', 'say what is to change: name=value, or --owner');
      const settings = pairs.reduce<Record<string, unknown>>((before, pair) => collectSetting(pair, before), {});
      const found = await findSite(context.api, given);
      const body = { ...(pairs.length > 0 ? { settings } : {}), ...(owner === undefined ? {} : { owner: owner || null }) };
      const changed = await context.api.request<Site>('PATCH', `/sites/${found.id}`, { body, ifMatch: found.rev });
      if (context.terminal.json) return context.terminal.printJson(changed);
      context.terminal.note(`${found.name}: set ${[...Object.keys(settings), ...(owner === undefined ? [] : ['owner'])].join(', ')}`);
    }));
}
