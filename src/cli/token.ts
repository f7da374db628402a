import { type Command, Option } from 'commander';
import { ReeveError } from '../domain/errors.ts';
import { confirmName } from './confirm.ts';
import { act, type CommonOptions, type Context, talks } from './context.ts';
import { newKey } from './key.ts';
import { table } from './output/table.ts';
import { age } from './output/time.ts';
import { readAll } from './pages.ts';
import type { CreatedToken, Token } from './resources.ts';
import { findSite } from './site/find.ts';
import { didYouMean } from './suggest.ts';
import { parseEnd } from './until.ts';

interface CreateOptions extends CommonOptions {
  readonly role?: string;
  readonly site?: string[];
  readonly action?: string[];
  readonly until?: string;
  readonly expiresAt?: string;
}

/** `reeve token create|list|revoke`. */
export function addToken(program: Command): void {
  const token = program.command('token').alias('tokens').description('tokens for the API');

  talks(token.command('create').description('make a token; it is printed once and kept nowhere'))
    .argument('<name>', 'what it is for, like ci')
    .option('--role <role>', 'owner, operator, editor, viewer, or a role of your own (else viewer)')
    .option('--site <site...>', 'for these sites alone')
    .option('--action <action...>', 'of the role’s actions, these alone')
    .option('--until <end>', 'when it ends, like 90d or 2030-01-31 (else never)')
    .addOption(new Option('--expires-at <time>', 'the same as a moment').hideHelp())
    .addHelpText('after', '\nExamples:\n  reeve token create ci --role operator --until 90d > ci.token\n  reeve token create deploy --role editor --site alpha --action site:read env:write')
    .action(act<[string], CreateOptions>(async (context, name, options) => {
      const sites = options.site && await Promise.all(options.site.map(async (site) => (await findSite(context.api, site)).id));
      const body = { name, role: options.role, sites, actions: options.action, expiresAt: options.until === undefined ? options.expiresAt : parseEnd(options.until) };
      const made = await context.api.request<CreatedToken>('POST', '/tokens', { body, idempotencyKey: newKey() });
      if (context.terminal.json) return context.terminal.printJson(made);
      context.terminal.note(`token ${made.id} (${made.name}), shown this once:`);
      context.terminal.print(made.token);
    }));

  talks(token.command('list').alias('ls').description('list the tokens, never their values'))
    .option('--mine', 'only your own')
    .addHelpText('after', '\nExamples:\n  reeve token list\n  reeve token list --mine')
    .action(act<[], CommonOptions & { mine?: boolean }>(async (context, { mine }) => {
      const page = await readAll<Token>(context.api, mine ? '/me/tokens' : '/tokens');
      if (context.terminal.json) return context.terminal.printJson(page);
      context.terminal.print(table(page.items, [
        { title: 'token', cell: (each) => each.id },
        { title: 'name', cell: (each) => each.name },
        { title: 'whose', cell: (each) => each.user?.name ?? 'the platform’s' },
        { title: 'role', cell: (each) => each.role },
        { title: 'for', cell: (each) => [each.sites && counted(each.sites.length, 'site'), each.actions && counted(each.actions.length, 'action')].filter(Boolean).join(', ') || 'all' },
        { title: 'age', cell: (each) => age(each.createdAt), right: true },
        { title: 'last used', cell: (each) => age(each.lastUsedAt), right: true },
        { title: 'ends', cell: (each) => each.expiresAt ?? 'never' },
      ]));
    }));

  talks(token.command('revoke').description('make a token useless'))
    .argument('<token>', 'its id or name')
    .option('--mine', 'one of your own')
    .option('-y, --yes', 'do not ask for the name')
    .addHelpText('after', '\nExample:\n  reeve token revoke ci --yes')
    .action(act<[string], CommonOptions & { yes?: boolean; mine?: boolean }>(async (context, given, options) => {
      const tokens = options.mine ? '/me/tokens' : '/tokens';
      const found = await findToken(context, tokens, given);
      await confirmName(context, options, `revoke the token ${found.name} (${found.id})`, found.name);
      const answer = await context.api.request('DELETE', `${tokens}/${found.id}`);
      if (context.terminal.json) context.terminal.printJson(answer ?? found);
      else context.terminal.note(`${found.name} is revoked`);
    }));
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

async function findToken(context: Context, path: string, given: string): Promise<Token> {
  const { items } = await readAll<Token>(context.api, path);
  const found = items.filter((each) => each.id === given || each.name === given);
  if (found.length > 1) throw new ReeveError('conflict', `${found.length} tokens are named ${given}; give the id of one`);
  if (found[0]) return found[0];
  throw new ReeveError('not-found', `no token named ${given}${didYouMean(given, items.map((each) => each.name))}`);
}
