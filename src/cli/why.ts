import type { Command } from 'commander';
import type { Why, WhyState } from '../domain/why.ts';
import { act, talks } from './context.ts';
import { clean } from './output/clean.ts';
import { table } from './output/table.ts';

const MARKS: Readonly<Record<WhyState, readonly ['green' | 'red' | 'yellow', string]>> = {
  ok: ['green', '● ok'], bad: ['red', '● bad'], unknown: ['yellow', '● unknown'],
};

/** `reeve why <hostname>`: one screen, from the visitor inwards. The exit code says it too: 0 when it is served, 9 when not. */
export function addWhy(program: Command): void {
  talks(program.command('why').description('one screen: why a hostname is served as it is, and what to do next (exit code 9 when it is not well)'))
    .argument('<hostname>')
    .addHelpText('after', '\nExamples:\n  reeve why www.example.org\n  reeve why www.example.org --json | jq -r .next')
    .action(act<[string]>(async ({ api, terminal }, hostname) => {
      const why = await api.request<Why>('GET', `/why/${encodeURIComponent(hostname)}`);
      if (why.state !== 'ok') process.exitCode = 9;
      if (terminal.json) return terminal.printJson(why);
      terminal.print(table(why.lines, [
        { title: '', cell: ({ state }) => terminal.paint(...MARKS[state]) },
        { title: 'what', cell: ({ what }) => what },
        { title: '', cell: ({ subject }) => subject },
        { title: 'why', cell: ({ reason }) => reason },
      ]));
      if (why.traceback) terminal.print(`\nthe last traceback, in ${why.traceback.container}:\n${clean(why.traceback.text)}`);
      terminal.print(`\nnext: ${why.next}`);
    }));
}
