import type { Command } from 'commander';
import { act, talks } from './context.ts';
import { fields } from './output/table.ts';
import { collectSetting } from './values.ts';

type Settings = Readonly<Record<string, unknown>>;

/** `reeve settings show|set`. */
export function addSettings(program: Command): void {
  const settings = program.command('settings').description('the platform’s settings');

  talks(settings.command('show').description('show them'))
    .addHelpText('after', '\nExample:\n  reeve settings show --json')
    .action(act<[]>(async (context) => {
      const found = await context.api.request<Settings>('GET', '/settings');
      if (context.terminal.json) return context.terminal.printJson(found);
      context.terminal.print(fields(Object.entries(found).map(([name, value]) => [name, JSON.stringify(value)])));
    }));

  talks(settings.command('set').description('change some of them; values are read as JSON where they are'))
    .argument('<name=value...>', 'one or more')
    .addHelpText('after', `
Examples:
  reeve settings set ownership=dns-txt
  reeve settings set 'trustedProxies=["10.0.0.0/8"]' publicScheme=https publicPort=443`)
    .action(act<[string[]]>(async (context, pairs) => {
      const body = pairs.reduce<Record<string, unknown>>((before, pair) => collectSetting(pair, before), {});
      const { etag } = await context.api.exchange<Settings>('GET', '/settings');
      const changed = await context.api.request<Settings>('PATCH', '/settings', { body, ifMatch: etag ?? '*' });
      if (context.terminal.json) return context.terminal.printJson(changed);
      context.terminal.note(`set ${Object.keys(body).join(', ')}`);
    }));
}
