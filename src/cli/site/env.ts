import type { Command } from 'commander';
import { ReeveError } from '../../domain/errors.ts';
import { act, type CommonOptions, type Context, talks } from '../context.ts';
import { table } from '../output/table.ts';
import { didYouMean } from '../suggest.ts';
import { readVariables } from '../variables.ts';
import { findSite } from './find.ts';

/** Names only: the API never gives values back. */
interface Env {
  readonly items: readonly { readonly name: string }[];
}

/** `reeve site env set|unset|list`: variables of a site's processes. Values go in and never come out again. */
export function addEnv(site: Command): void {
  const env = site.command('env').description('variables of a site’s processes; their values are never shown');

  talks(env.command('list').alias('ls').description('list the names'))
    .argument('<site>', 'its name, id or a hostname of it')
    .addHelpText('after', '\nExample:\n  reeve site env list alpha')
    .action(act<[string]>(async (context, given) => {
      const found = await findSite(context.api, given);
      const names = await context.api.request<Env>('GET', `/sites/${found.id}/env`);
      if (context.terminal.json) return context.terminal.printJson(names);
      if (names.items.length === 0) return context.terminal.note(`${found.name} has no variables of its own`);
      context.terminal.print(table(names.items, [{ title: 'name', cell: (each) => each.name }]));
    }));

  talks(env.command('set').description('set variables; NAME alone takes the value from this shell, NAME=- from stdin'))
    .argument('<site>', 'its name, id or a hostname of it')
    .argument('<NAME=value...>', 'one or more')
    .addHelpText('after', `
A value on the command line can be seen by other users of this machine; NAME alone and NAME=- keep it out of sight.

Examples:
  reeve site env set alpha EMAIL_HOST=mail.example.org
  EMAIL_PASSWORD=… reeve site env set alpha EMAIL_PASSWORD
  reeve site env set alpha SIGNING_KEY=- < key.pem`)
    .action(act<[string, string[]]>(async (context, given, pairs) => {
      const values = await readVariables(pairs);
      const found = await findSite(context.api, given);
      const answer = await context.api.request('PUT', `/sites/${found.id}/env`, { body: values });
      tell(context, answer, `set ${Object.keys(values).join(', ')} for ${found.name}`);
    }));

  talks(env.command('unset').description('remove variables'))
    .argument('<site>', 'its name, id or a hostname of it')
    .argument('<NAME...>', 'one or more')
    .addHelpText('after', '\nExample:\n  reeve site env unset alpha EMAIL_HOST EMAIL_PASSWORD')
    .action(act<[string, string[]], CommonOptions>(async (context, given, names) => {
      const found = await findSite(context.api, given);
      const present = (await context.api.request<Env>('GET', `/sites/${found.id}/env`)).items.map((each) => each.name);
      const missing = names.find((name) => !present.includes(name));
      if (missing) throw new ReeveError('not-found', `${found.name} has no variable ${missing}${didYouMean(missing, present)}`);
      const answer = await context.api.request('DELETE', `/sites/${found.id}/env`, { query: { names: names.join(',') } });
      tell(context, answer, `removed ${names.join(', ')} from ${found.name}`);
    }));
}

function tell(context: Context, answer: unknown, words: string): void {
  if (context.terminal.json) context.terminal.printJson(answer);
  else context.terminal.note(words);
}
