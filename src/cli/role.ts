import type { Command } from 'commander';
import { act, type CommonOptions, talks } from './context.ts';
import { newKey } from './key.ts';
import { table } from './output/table.ts';
import type { Page, Role } from './resources.ts';

const at = (name: string): string => `/roles/${encodeURIComponent(name)}`;

/** `reeve role list|show|create|set|remove`. */
export function addRole(program: Command): void {
  const role = program.command('role').alias('roles').description('sets of actions that are given by one name');

  talks(role.command('list').alias('ls').description('list them'))
    .addHelpText('after', '\nExample:\n  reeve role list')
    .action(act<[]>(async (context) => {
      const page = await context.api.request<Page<Role>>('GET', '/roles');
      if (context.terminal.json) return context.terminal.printJson(page);
      context.terminal.print(table(page.items, [
        { title: 'role', cell: (each) => each.name },
        { title: 'kind', cell: (each) => (each.builtIn ? 'built in' : 'your own') },
        { title: 'actions', cell: (each) => each.actions.length, right: true },
        { title: 'description', cell: (each) => each.description },
      ]));
    }));

  talks(role.command('show').description('what a role allows'))
    .argument('<role>', 'its name')
    .addHelpText('after', '\nExample:\n  reeve role show editor')
    .action(act<[string]>(async (context, name) => {
      const found = await context.api.request<Role>('GET', at(name));
      if (context.terminal.json) return context.terminal.printJson(found);
      context.terminal.print(found.actions.join('\n'));
    }));

  for (const [verb, words] of [['create', 'make a role of your own'], ['set', 'change one, for whoever has it']] as const) {
    talks(role.command(verb).description(words))
      .argument('<role>', 'like hostname-keeper')
      .argument('<action...>', 'what it allows, like site:read hostname:bind')
      .option('--description <words>', 'what it is for')
      .addHelpText('after', `\nExample:\n  reeve role ${verb} hostname-keeper site:read hostname:read hostname:bind hostname:unbind`)
      .action(act<[string, string[]], CommonOptions & { description?: string }>(async (context, name, actions, { description }) => {
        const made = verb === 'create'
          ? await context.api.request<Role>('POST', '/roles', { body: { name, description, actions }, idempotencyKey: newKey() })
          : await context.api.request<Role>('PATCH', at(name), { body: { description, actions } });
        if (context.terminal.json) return context.terminal.printJson(made);
        context.terminal.note(`${made.name} allows ${made.actions.length} actions`);
      }));
  }

  talks(role.command('remove').alias('rm').description('remove one that nobody has'))
    .argument('<role>', 'its name')
    .addHelpText('after', '\nExample:\n  reeve role remove hostname-keeper')
    .action(act<[string]>(async (context, name) => {
      const found = await context.api.request<Role>('GET', at(name));
      await context.api.request('DELETE', at(name));
      if (context.terminal.json) return context.terminal.printJson(found);
      context.terminal.note(`the role ${name} is removed`);
    }));
}
