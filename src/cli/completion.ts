import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';

/** `reeve completion bash|zsh|fish|powershell`, which prints a script, and the hidden `complete` that it asks. */
export function addCompletion(program: Command): void {
  tab(program, { completionCommandName: 'completion' });
}
