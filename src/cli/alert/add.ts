import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { ReeveError } from '../../domain/errors.ts';
import { act, type CommonOptions, talks } from '../context.ts';
import { newKey } from '../key.ts';
import type { Channel } from '../resources.ts';
import { readText } from '../stdin.ts';

interface AddOptions extends CommonOptions {
  readonly url?: string;
  readonly urlFile?: string;
  readonly secretFile?: string;
  readonly from?: string;
  readonly to?: string[];
  readonly smtp?: string;
  readonly security?: string;
  readonly user?: string;
  readonly passwordFile?: string;
  readonly severity?: string[];
  readonly subject?: string[];
}

/** `reeve alert channel add`. What is secret comes from files, since other users see a command line. */
export function addAdd(channel: Command): void {
  talks(channel.command('add').description('add a channel; what is secret is read from files, - is stdin'))
    .argument('<kind>', 'webhook, slack or email')
    .argument('<name>', 'what to call it, like on-call')
    .option('--url <address>', 'webhook, slack: where to post')
    .option('--url-file <file>', 'the same from a file: Slack’s address is a secret')
    .option('--secret-file <file>', 'webhook: the key that signs (else one is made, and printed once)')
    .option('--from <address>', 'email: the sender')
    .option('--to <address...>', 'email: the recipients')
    .option('--smtp <host[:port]>', 'email: the server (port 587 unless said)')
    .option('--security <how>', 'email: starttls, tls or none (else starttls)')
    .option('--user <name>', 'email: to sign in with')
    .option('--password-file <file>', 'email: to sign in with')
    .option('--severity <severity...>', 'info, warning, critical (else warning and critical)')
    .option('--subject <pattern...>', 'only subjects like these, e.g. site:* or hostname:*.example.org')
    .addHelpText('after', `
Examples:
  reeve alert channel add webhook on-call --url https://hooks.example.org/reeve --severity critical
  reeve alert channel add slack team --url-file - < slack-address
  reeve alert channel add email ops --from reeve@example.org --to ops@example.org --smtp mail.example.org --user reeve --password-file pw`)
    .action(act<[string, string], AddOptions>(async (context, kind, name, options) => {
      const made = kind === 'webhook' && options.secretFile === undefined ? randomBytes(32).toString('base64url') : undefined;
      const body = { name, kind, config: await configOf(kind, options, made), routing: { severities: options.severity, subjects: options.subject } };
      const channel = await context.api.request<Channel>('POST', '/alerts/channels', { body, idempotencyKey: newKey() });
      if (context.terminal.json) return context.terminal.printJson(made ? { ...channel, secret: made } : channel);
      context.terminal.note(`${channel.name} (${channel.id}) is told by ${channel.kind}: ${channel.target}; try it: reeve alert channel test ${channel.name}`);
      if (made === undefined) return;
      context.terminal.note('the key that signs its messages, shown this once:');
      context.terminal.print(made);
    }));
}

async function configOf(kind: string, options: AddOptions, made: string | undefined): Promise<Record<string, unknown>> {
  const url = options.url ?? (await secretFrom(options.urlFile));
  if (kind === 'webhook') return { url, secret: made ?? (await secretFrom(options.secretFile)) };
  if (kind === 'slack') return { url };
  if (kind !== 'email') throw new ReeveError('bad-request', `a channel is a webhook, slack or email, not ${kind}`);
  const [, host, port] = /^(.*?)(?::(\d+))?$/.exec(options.smtp ?? '') ?? [];
  return {
    from: options.from, to: options.to, host, port: port === undefined ? undefined : Number(port), security: options.security,
    user: options.user, password: await secretFrom(options.passwordFile),
  };
}

async function secretFrom(file: string | undefined): Promise<string | undefined> {
  return file === undefined ? undefined : (await readText(file)).replace(/\r?\n$/, '');
}
