import type { Command } from 'commander';
import { act, type CommonOptions, talks } from '../context.ts';
import { newKey } from '../key.ts';
import { findSite } from './find.ts';

interface Link {
  readonly url: string;
}

/** `reeve site login`: the link is printed alone, so that it can be piped, and is in no log. */
export function addLogin(site: Command): void {
  talks(site.command('login').description('make a link that signs in to the site’s own admin: once, within 15 minutes'))
    .argument('<site>', 'its name, id or a hostname of it')
    .option('--open', 'open it in the browser')
    .addHelpText('after', `
Examples:
  reeve site login alpha
  reeve site login alpha --open`)
    .action(act<[string], CommonOptions & { open?: boolean }>(async (context, given, options) => {
      const found = await findSite(context.api, given);
      const link = await context.api.request<Link>('POST', `/sites/${found.id}/login`, {
        idempotencyKey: newKey(),
      });
      if (context.terminal.json) context.terminal.printJson(link);
      else context.terminal.print(link.url);
      if (!options.open) return;
      const { default: open } = await import('open');
      await open(link.url);
    }));
}
