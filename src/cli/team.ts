import type { Command } from 'commander';
import { confirmName } from './confirm.ts';
import { act, type CommonOptions, talks } from './context.ts';
import { newKey } from './key.ts';
import { table } from './output/table.ts';
import { age } from './output/time.ts';
import { readAll } from './pages.ts';
import type { Team, TeamMember } from './resources.ts';

const at = (team: string): string => `/teams/${encodeURIComponent(team)}`;

/** `reeve team list|show|create|rename|remove|add|drop`. */
export function addTeam(program: Command): void {
  const team = program.command('team').alias('teams').description('people who are given things together');

  talks(team.command('list').alias('ls').description('list them'))
    .addHelpText('after', '\nExample:\n  reeve team list')
    .action(act<[]>(async (context) => {
      const page = await readAll<Team>(context.api, '/teams');
      if (context.terminal.json) return context.terminal.printJson(page);
      if (page.items.length === 0) return context.terminal.note('no teams yet; make one with: reeve team create <name>');
      context.terminal.print(table(page.items, [
        { title: 'team', cell: (each) => each.id },
        { title: 'name', cell: (each) => each.name },
        { title: 'members', cell: (each) => each.members, right: true },
        { title: 'age', cell: (each) => age(each.createdAt), right: true },
      ]));
    }));

  talks(team.command('show').description('who is in it'))
    .argument('<team>', 'its name or id')
    .addHelpText('after', '\nExample:\n  reeve team show Web')
    .action(act<[string]>(async (context, name) => {
      const page = await readAll<TeamMember>(context.api, `${at(name)}/members`);
      if (context.terminal.json) return context.terminal.printJson(page);
      if (page.items.length === 0) return context.terminal.note(`nobody is in ${name}`);
      context.terminal.print(table(page.items, [
        { title: 'user', cell: (each) => each.user },
        { title: 'e-mail', cell: (each) => each.email },
        { title: 'name', cell: (each) => each.name },
        { title: 'since', cell: (each) => age(each.addedAt), right: true },
      ]));
    }));

  talks(team.command('create').description('make a team'))
    .argument('<name>', 'like Web')
    .addHelpText('after', '\nExample:\n  reeve team create Web')
    .action(act<[string]>(async (context, name) => {
      const made = await context.api.request<Team>('POST', '/teams', { body: { name }, idempotencyKey: newKey() });
      if (context.terminal.json) return context.terminal.printJson(made);
      context.terminal.note(`team ${made.name} (${made.id}) is made`);
    }));

  talks(team.command('rename').description('call it something else'))
    .argument('<team>', 'its name or id')
    .argument('<name>', 'the new one')
    .addHelpText('after', '\nExample:\n  reeve team rename Web Websites')
    .action(act<[string, string]>(async (context, given, name) => {
      const changed = await context.api.request<Team>('PATCH', at(given), { body: { name } });
      if (context.terminal.json) return context.terminal.printJson(changed);
      context.terminal.note(`${given} is ${changed.name} now`);
    }));

  talks(team.command('remove').alias('rm').description('remove a team, with what it was given'))
    .argument('<team>', 'its name or id')
    .option('-y, --yes', 'do not ask for the name')
    .addHelpText('after', '\nExample:\n  reeve team remove Web --yes')
    .action(act<[string], CommonOptions & { yes?: boolean }>(async (context, given, options) => {
      const found = await context.api.request<Team>('GET', at(given));
      await confirmName(context, options, `remove the team ${found.name}: its ${found.members} members lose what they have through it`, found.name);
      await context.api.request('DELETE', `/teams/${found.id}`);
      if (context.terminal.json) return context.terminal.printJson(found);
      context.terminal.note(`team ${found.name} is removed`);
    }));

  for (const [verb, words, done] of [['add', 'take somebody into a team', 'in'], ['drop', 'take somebody out of a team', 'not in']] as const) {
    talks(team.command(verb).description(words))
      .argument('<team>', 'its name or id')
      .argument('<user>', 'their e-mail or id')
      .addHelpText('after', `\nExample:\n  reeve team ${verb} Web ada@example.org`)
      .action(act<[string, string]>(async (context, name, user) => {
        if (verb === 'add') await context.api.request('POST', `${at(name)}/members`, { body: { user }, idempotencyKey: newKey() });
        else await context.api.request('DELETE', `${at(name)}/members/${encodeURIComponent(user)}`);
        if (context.terminal.json) return context.terminal.printJson(await context.api.request<Team>('GET', at(name)));
        context.terminal.note(`${user} is ${done} ${name}`);
      }));
  }
}
