import type { Command } from 'commander';
import { act, talks } from './context.ts';
import { newKey } from './key.ts';
import type { Platform } from './resources.ts';

/** `reeve platform pause|resume`. */
export function addPlatform(program: Command): void {
  const platform = program.command('platform').description('the platform as a whole');
  for (const [verb, words, done] of [
    ['pause', 'do nothing about incidents until it is resumed; serving and probing go on', 'paused: incidents are opened, nothing is done about them'],
    ['resume', 'act about incidents again', 'resumed'],
  ] as const) {
    talks(platform.command(verb).description(words))
      .addHelpText('after', `\nExample:\n  reeve platform ${verb}`)
      .action(act<[]>(async (context) => {
        const found = await context.api.request<Platform>('POST', `/platform/${verb}`, { idempotencyKey: newKey() });
        if (context.terminal.json) return context.terminal.printJson(found);
        context.terminal.note(done);
      }));
  }
}
