import type { Command } from 'commander';
import { addAdd } from './add.ts';
import { addChannels } from './channels.ts';
import { addDeliveries } from './deliveries.ts';

/** `reeve alert channel add|list|test|remove`, `reeve alert deliveries`. */
export function addAlert(program: Command): void {
  const alert = program.command('alert').alias('alerts').description('who is told of incidents, and what they were told');
  const channel = alert.command('channel').alias('channels').description('webhooks, e-mail and Slack');
  addAdd(channel);
  addChannels(channel);
  addDeliveries(alert);
}
