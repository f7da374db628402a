import { type Command, Option } from 'commander';
import { act, type CommonOptions, type Context, waits } from '../context.ts';
import type { Site } from '../resources.ts';
import { awaitRun, printOutcome } from '../run/accepted.ts';
import { newKey } from '../key.ts';
import { collect, collectSetting, parseHostname } from '../values.ts';
import { readVariables } from '../variables.ts';
import { readSite } from './find.ts';
import { printSite } from './show.ts';

interface CreateOptions extends CommonOptions {
  readonly hostname?: string[];
  readonly setting?: Record<string, unknown>;
  readonly release?: string;
  readonly owner?: string;
  readonly store?: string;
  readonly env?: string[];
}

/** `reeve site create`. */
export function addCreate(site: Command): void {
  waits(site.command('create').description('create a site, and wait until every container serves it'))
    .argument('<name>', 'small letters, digits and hyphens; its platform hostname begins with it')
    .option('--hostname <hostname[:role]>', 'a further hostname (role: primary, alias or redirect); may be repeated', collect)
    .option('--setting <name=value>', 'a setting of the site, like processes=2; may be repeated', collectSetting)
    .option('--release <release>', 'its release (else the newest that is ready)')
    .option('--owner <owner>', 'who owns it')
    .addOption(new Option('--store <kind>', 'where its files are (else directory)').choices(['directory', 's3']))
    .option('--env <NAME=value>', 'a variable that its code has from the first; NAME alone from this shell, NAME=- from stdin; may be repeated', collect)
    .addHelpText('after', `
Examples:
  reeve site create alpha
  reeve site create shop --hostname www.example.org:primary --hostname example.org:redirect
  reeve site create shop --setting processes=2 --setting threads=8
  LICENCE=… reeve site create shop --env LICENCE --env MAIL_HOST=mail.example.org
  reeve site create shop --no-wait --json | jq -r .run.id`)
    .action(act<[string], CreateOptions>(create));
}

async function create(context: Context, name: string, options: CreateOptions): Promise<void> {
  const answer = await context.api.exchange<Site>('POST', '/sites', {
    body: {
      name,
      hostnames: options.hostname?.map(parseHostname),
      settings: options.setting,
      release: options.release,
      owner: options.owner,
      store: options.store,
      env: options.env && (await readVariables(options.env)),
    },
    idempotencyKey: newKey(),
  });
  const run = await awaitRun(context, answer, name);
  const read = () => readSite(context.api, answer.body.id);
  if (context.terminal.json) return printOutcome(context, answer, run, read);
  printSite(context, run === null ? answer.body : await read());
}
