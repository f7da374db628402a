import type { Command } from 'commander';
import { ReeveError } from '../domain/errors.ts';
import { confirmName } from './confirm.ts';
import { act, type CommonOptions, type Context, talks } from './context.ts';
import { newKey } from './key.ts';
import { fields, table } from './output/table.ts';
import { age } from './output/time.ts';
import { readAll } from './pages.ts';
import type { Grant, OneTimeLink, User } from './resources.ts';
import { findSite } from './site/find.ts';
import { parseEnd } from './until.ts';

interface InviteOptions extends CommonOptions {
  readonly owner?: boolean;
  readonly role?: string;
  readonly site?: string;
  readonly until?: string;
  readonly team?: string;
  readonly name?: string;
}

/** `reeve user list|show|invite|disable|enable|reset|remove`. */
export function addUser(program: Command): void {
  const user = program.command('user').alias('users').description('people who sign in');

  talks(user.command('list').alias('ls').description('list them'))
    .option('--state <state>', 'invited, active or disabled')
    .option('--team <team>', 'only who is in it')
    .addHelpText('after', '\nExamples:\n  reeve user list\n  reeve user list --state invited')
    .action(act<[], CommonOptions & { state?: string; team?: string }>(async (context, { state, team }) => {
      const page = await readAll<User>(context.api, '/users', { state, team });
      if (context.terminal.json) return context.terminal.printJson(page);
      if (page.items.length === 0) return context.terminal.note('nobody; invite somebody with: reeve user invite <e-mail>');
      context.terminal.print(table(page.items, [
        { title: 'user', cell: (each) => each.id },
        { title: 'e-mail', cell: (each) => each.email },
        { title: 'name', cell: (each) => each.name },
        { title: 'state', cell: (each) => each.state },
        { title: 'codes', cell: (each) => (each.totp ? 'on' : null) },
        { title: 'teams', cell: (each) => each.teams.map(({ name }) => name).join(', ') },
        { title: 'seen', cell: (each) => age(each.lastSeenAt), right: true },
      ]));
    }));

  talks(user.command('show').description('show one of them, and what they were given'))
    .argument('<user>', 'their e-mail or id')
    .addHelpText('after', '\nExample:\n  reeve user show ada@example.org')
    .action(act<[string]>(async (context, given) => {
      const found = await readUser(context, given);
      const grants = await readAll<Grant>(context.api, '/grants', { user: found.id });
      if (context.terminal.json) return context.terminal.printJson({ ...found, grants: grants.items });
      context.terminal.print(fields([
        ['user', found.id], ['e-mail', found.email], ['name', found.name], ['state', found.state], ['password', found.hasPassword ? 'yes' : 'none'],
        ['codes', found.totp ? 'on' : 'off'], ['teams', found.teams.map(({ name }) => name).join(', ')], ['seen', age(found.lastSeenAt)],
        ...grants.items.map((each) => [each.ended ? 'was' : 'is', grantInWords(each)] as const),
      ]));
    }));

  talks(user.command('invite').description('invite somebody; the link is printed once, and mailed where mail is set up'))
    .argument('<e-mail>', 'theirs')
    .option('--owner', 'as an owner of the platform')
    .option('--role <role>', 'what they are at once: viewer, editor, operator, owner, or a role of your own')
    .option('--site <site>', 'on this site alone')
    .option('--until <end>', 'until then, like friday, 3d or 2030-01-31')
    .option('--team <team>', 'into this team')
    .option('--name <name>', 'what to call them; they may choose another')
    .addHelpText('after', '\nExamples:\n  reeve user invite ada@example.org --role editor --site alpha --until friday\n  reeve user invite grace@example.org --owner')
    .action(act<[string], InviteOptions>(async (context, email, { owner, role, site, until, team, name }) => {
      if (owner && role !== undefined && role !== 'owner') throw new ReeveError('bad-request', `--owner and --role ${role} are two things: give one`);
      const body = {
        email, name, team, role: owner ? 'owner' : role, endsAt: until && parseEnd(until), site: site === undefined ? undefined : (await findSite(context.api, site)).id,
      };
      printLink(context, await context.api.request<OneTimeLink>('POST', '/invitations', { body, idempotencyKey: newKey() }), `${email} comes in by this link`);
    }));

  for (const [verb, state, words] of [['disable', 'disabled', 'keep somebody out: their sessions end at once, their tokens rest'], ['enable', 'active', 'let somebody in again']] as const) {
    talks(user.command(verb).description(words))
      .argument('<user>', 'their e-mail or id')
      .addHelpText('after', `\nExample:\n  reeve user ${verb} ada@example.org`)
      .action(act<[string]>(async (context, given) => {
        const changed = await context.api.request<User>('PATCH', `/users/${encodeURIComponent(given)}`, { body: { state } });
        if (context.terminal.json) return context.terminal.printJson(changed);
        context.terminal.note(`${changed.email} is ${changed.state}`);
      }));
  }

  talks(user.command('reset').description('a link for a new password, for somebody who cannot get in; it is printed once'))
    .argument('<user>', 'their e-mail or id')
    .option('--codes', 'also turn their one-time codes off: they have lost the app')
    .addHelpText('after', '\nExample:\n  reeve user reset ada@example.org')
    .action(act<[string], CommonOptions & { codes?: boolean }>(async (context, given, { codes }) => {
      const path = `/users/${encodeURIComponent(given)}`;
      if (codes) await context.api.request('DELETE', `${path}/totp`);
      printLink(context, await context.api.request<OneTimeLink>('POST', `${path}/reset`, { idempotencyKey: newKey() }), `${given} sets a new password by this link`);
    }));

  talks(user.command('remove').alias('rm').description('remove somebody, with their sessions, tokens and grants'))
    .argument('<user>', 'their e-mail or id')
    .option('-y, --yes', 'do not ask for the e-mail')
    .addHelpText('after', '\nExample:\n  reeve user remove ada@example.org --yes')
    .action(act<[string], CommonOptions & { yes?: boolean }>(async (context, given, options) => {
      const found = await readUser(context, given);
      await confirmName(context, options, `remove ${found.name} (${found.email}), with their tokens and what they were given`, found.email);
      await context.api.request('DELETE', `/users/${found.id}`);
      if (context.terminal.json) return context.terminal.printJson(found);
      context.terminal.note(`${found.email} is removed; what they did stays in the audit`);
    }));
}

async function readUser({ api }: Context, given: string): Promise<User> {
  return await api.request<User>('GET', `/users/${encodeURIComponent(given)}`);
}

function printLink({ terminal, connection }: Context, link: OneTimeLink, words: string): void {
  // Without REEVE_URL the API knows only the path; whoever asks knows where they asked.
  const url = link.url.startsWith('/') ? `${connection.api}${link.url}` : link.url;
  if (terminal.json) {
    terminal.printJson({ ...link, url });
    return;
  }
  terminal.note(`${words}, once, until ${link.endsAt}:`);
  terminal.print(url);
}

/** `editor of alpha until 2030-01-31T17:00:00Z, through team Web`. */
export function grantInWords({ role, site, endsAt, team }: Grant): string {
  return `${role} of ${site?.name ?? 'the platform'}${endsAt ? ` until ${endsAt}` : ''}${team ? `, through team ${team.name}` : ''}`;
}
