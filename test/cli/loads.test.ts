/** What a command loads costs each one processor time, before it has done anything. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Command } from 'commander';
import { buildCommandLine } from '../../src/cli/index.ts';
import { reeve } from './program.ts';

/**
 * Has Node say what it loads, a line each. `http` is among what is not wanted, since an import of it loads Node's own
 * undici (src/network/request.ts).
 */
const SAYING = `import { registerHooks } from 'node:module';
  registerHooks({ load(url, context, next) { process._rawDebug(url); return next(url, context); } });`;
const env = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(SAYING)}` };
const HEAVY = /^(node:https?|.*\/node_modules\/(zod|pg|undici|yaml|string-width)\/.*|.*\/src\/config\.ts)$/gm;

describe('nothing heavy is loaded by', () => {
  for (const args of [['--help'], ['site', 'list'], ['status', '--json'], ['run', 'watch', 'w000000001']]) {
    test(`reeve ${args.join(' ')}`, async () => {
      const { stderr } = await reeve(args, { ...env, REEVE_API: 'http://127.0.0.1:9', REEVE_TOKEN: 't' });
      assert.match(stderr, /\/src\/cli\/index\.ts$/m);
      assert.deepEqual(stderr.match(HEAVY) ?? [], []);
    });
  }
});

test('a command’s first word loads its own file, and no other command’s', async () => {
  const all = new Command('reeve');
  await buildCommandLine(all);
  const words = all.commands.flatMap((command) => [command.name(), ...command.aliases()]).filter((word) => !/^complet/.test(word));
  assert.ok(words.length > 30);
  for (const word of words) {
    const program = new Command('reeve');
    await buildCommandLine(program, word);
    assert.ok(program.commands.length <= 2, word);
    assert.ok(program.commands.some((command) => command.name() === word || command.aliases().includes(word)), word);
  }
});
