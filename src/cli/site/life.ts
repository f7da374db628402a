import type { Command } from 'commander';
import type { Answer } from '../../api/client.ts';
import { confirmName } from '../confirm.ts';
import { act, type CommonOptions, type Context, waits } from '../context.ts';
import { newKey } from '../key.ts';
import type { Run, Site } from '../resources.ts';
import { awaitRun, printOutcome } from '../run/accepted.ts';
import { findSite, readSite } from './find.ts';

type YesOption = CommonOptions & { readonly yes?: boolean };

const SITE = ['<site>', 'its name, id or a hostname of it'] as const;

/** `reeve site suspend|resume|restore|rotate-secrets|upgrade|delete|purge`: what changes a site's life. */
export function addLife(site: Command): void {
  addPlain(site, 'suspend', 'show the maintenance page instead of the site', 'suspended');
  addPlain(site, 'resume', 'serve a suspended site again', 'resumed');
  addPlain(site, 'restore', 'bring back a deleted site that is not purged yet', 'restored');
  addPlain(site, 'rotate-secrets', 'give a site another database password and other keys, while it is served', 'on new secrets');

  waits(site.command('upgrade').description('move a site to another release, and back if it does not do well'))
    .argument(...SITE)
    .argument('<release>', 'the release’s id, as in: reeve release list')
    .addHelpText('after', '\nExample:\n  reeve site upgrade alpha r012345678')
    .action(act<[string, string]>(async (context, given, release) => {
      const found = await findSite(context.api, given);
      const answer = await post(context, found, 'upgrade', { release });
      await settle(context, found, answer, `upgraded to ${release}`);
    }));

  addDestructive(site, 'delete', 'stop serving a site and lock its data; for 7 days it can be restored',
    'delete the site %, which can be restored until it is purged');
  addDestructive(site, 'purge', 'drop a deleted site’s database and files for good',
    'destroy the database and the files of the deleted site %, for good');
}

function addPlain(site: Command, verb: string, description: string, done: string): void {
  waits(site.command(verb).description(description))
    .argument(...SITE)
    .addHelpText('after', `\nExample:\n  reeve site ${verb} alpha`)
    .action(act<[string]>(async (context, given) => {
      const found = await findSite(context.api, given);
      await settle(context, found, await post(context, found, verb), done);
    }));
}

function addDestructive(site: Command, verb: 'delete' | 'purge', description: string, consequence: string): void {
  waits(site.command(verb).description(description))
    .argument(...SITE)
    .option('-y, --yes', 'do not ask for the name')
    .addHelpText('after', `\nExamples:\n  reeve site ${verb} alpha\n  reeve site ${verb} alpha --yes`)
    .action(act<[string], YesOption>(async (context, given, options) => {
      const found = await findSite(context.api, given);
      await confirmName(context, options, consequence.replace('%', found.name), found.name);
      const answer = verb === 'delete'
        ? await context.api.exchange<Site>('DELETE', `/sites/${found.id}`, { ifMatch: found.rev })
        : await post(context, found, 'purge');
      await settle(context, found, answer, verb === 'delete' ? 'deleted' : 'purged');
    }));
}

async function post(context: Context, site: Site, verb: string, body?: object): Promise<Answer<Site>> {
  return await context.api.exchange<Site>('POST', `/sites/${site.id}/${verb}`, { body, idempotencyKey: newKey() });
}

async function settle(context: Context, site: Site, answer: Answer<Site>, done: string): Promise<void> {
  const run = await awaitRun(context, answer, site.name);
  if (context.terminal.json) {
    // A purged site cannot be read again: the answer is the last that is known of it.
    const read = done === 'purged' ? async () => answer.body : () => readSite(context.api, site.id);
    return printOutcome(context, answer, run, read);
  }
  if (run) context.terminal.note(`${site.name} is ${done}${heldBack(run)}`);
}

/** Of a rotation: who may still use the former secrets. */
function heldBack({ result }: Run): string {
  const containers = (result as { heldBack?: readonly string[] } | null)?.heldBack ?? [];
  return containers.length === 0 ? '' : `; the former ones work until these have followed, or have ended: ${containers.join(', ')}`;
}
