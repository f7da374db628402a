/** The commands of the README, as a newcomer copies them, and those of them that no clone of a test runs. */
import { readFileSync } from 'node:fs';

/** What it begins with → why it is not run there, and where it is. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'npm start': 'the test begins with it; --codebase is of test/local/first-start.test.ts',
  'npm test': 'it is what runs this',
  'npx reeve release check': 'takes a minute, and needs no platform: test/cli/local.test.ts',
  'npx reeve release create': 'takes a minute: test/system/on-one/life.ts, and test/cli/platform.test.ts for the command',
  'npx reeve site upgrade': 'the same',
  'npx reeve alert channel test': 'nobody listens at that address: test/system/on-one/commands.ts',
};

/** The contents of the README's blocks of a language, in order. */
export function blocks(readme: string, language: 'sh' | 'yaml'): string[] {
  return [...readFileSync(readme, 'utf8').matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, name, text]) => (name === language ? [text!] : []));
}

/**
 * The commands, in order, without their comments: one a line, and a variable together with the command after it.
 * `unused` are the words of the list above that no command begins with.
 */
export function commands(readme: string): { run: string[]; unused: string[] } {
  const lines = blocks(readme, 'sh').flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'))
    .map((line) => line.replace(/\s+#\s.*$/, '').trim()).filter((line) => line !== '');
  const all: string[] = [];
  let variables = '';
  for (const line of lines) {
    if (/^[A-Z]+=/.test(line)) variables += `${line}; `;
    else {
      all.push(variables + line);
      variables = '';
    }
  }
  const isElsewhere = (command: string) => Object.keys(ELSEWHERE).some((words) => command.startsWith(words));
  return {
    run: all.filter((command) => !isElsewhere(command)),
    unused: Object.keys(ELSEWHERE).filter((words) => !all.some((command) => command.startsWith(words))),
  };
}
