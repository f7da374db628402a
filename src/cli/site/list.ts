import type { Command } from 'commander';
import { act, talks } from '../context.ts';
import { readAll } from '../pages.ts';
import type { Site } from '../resources.ts';
import { findSite } from './find.ts';
import { printSite, printSites } from './show.ts';

/** `reeve site list` and `reeve site show`. */
export function addList(site: Command): void {
  talks(site.command('list').alias('ls').description('list the sites'))
    .option('--status <status>', 'only those with this status, like suspended')
    .addHelpText('after', `
Examples:
  reeve site list
  reeve site list --status suspended
  reeve site list --json | jq -r '.items[].name'`)
    .action(act<[], { status?: string }>(async (context, { status }) => {
      const page = await readAll<Site>(context.api, '/sites');
      const items = status === undefined ? page.items : page.items.filter((each) => each.status === status);
      if (context.terminal.json) return context.terminal.printJson({ ...page, items });
      printSites(context, items);
    }));

  talks(site.command('show').description('show a site: its hostnames, settings and conditions'))
    .argument('<site>', 'its name, id or a hostname of it')
    .addHelpText('after', `
Examples:
  reeve site show alpha
  reeve site show www.example.org --json`)
    .action(act<[string]>(async (context, given) => {
      const found = await findSite(context.api, given);
      if (context.terminal.json) return context.terminal.printJson(found);
      printSite(context, found);
    }));
}
