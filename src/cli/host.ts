import { type Command, Option } from 'commander';
import { confirmName } from './confirm.ts';
import { act, type CommonOptions, waits, talks } from './context.ts';
import { newKey } from './key.ts';
import { table } from './output/table.ts';
import { readAll } from './pages.ts';
import type { Hostname, Site } from './resources.ts';
import { awaitRun, printOutcome } from './run/accepted.ts';
import { findHostname, findSite } from './site/find.ts';
import { paintStatus } from './site/show.ts';

/** `reeve host bind|set|unbind|list`. */
export function addHost(program: Command): void {
  const host = program.command('host').alias('hosts').description('bind hostnames to sites');
  addBind(host);
  addSet(host);
  addUnbind(host);

  talks(host.command('list').alias('ls').description('list the hostnames'))
    .option('--site <site>', 'only those of this site')
    .addHelpText('after', '\nExamples:\n  reeve host list\n  reeve host list --site alpha --json')
    .action(act<[], CommonOptions & { site?: string }>(async (context, options) => {
      const site = options.site === undefined ? null : await findSite(context.api, options.site);
      const page = await readAll<Hostname>(context.api, '/hostnames', site ? { site: site.id } : {});
      if (context.terminal.json) return context.terminal.printJson(page);
      if (page.items.length === 0) return context.terminal.note('no hostnames yet; bind one with: reeve host bind <site> <hostname>');
      const sites = await readAll<Site>(context.api, '/sites');
      const names = new Map(sites.items.map((each) => [each.id, each.name]));
      context.terminal.print(table(page.items, [
        { title: 'hostname', cell: (each) => each.hostname },
        { title: 'site', cell: (each) => names.get(each.site) ?? each.site },
        { title: 'role', cell: (each) => each.role },
        { title: 'status', cell: (each) => paintStatus(context.terminal, each.status) },
      ]));
    }));
}

function addBind(host: Command): void {
  waits(host.command('bind').description('bind a hostname to a site, and wait until every container serves it'))
    .argument('<site>', 'its name, id or a hostname of it')
    .argument('<hostname>', 'like www.example.org')
    .addOption(new Option('--role <role>', 'primary, alias (served as is) or redirect (to the primary)')
      .choices(['primary', 'alias', 'redirect']))
    .addHelpText('after', `
Examples:
  reeve host bind alpha www.example.org
  reeve host bind alpha example.org --role redirect`)
    .action(act<[string, string], CommonOptions & { role?: string }>(async (context, given, hostname, options) => {
      const site = await findSite(context.api, given);
      const answer = await context.api.exchange<Hostname>('POST', `/sites/${site.id}/hostnames`, {
        body: { hostname, role: options.role },
        idempotencyKey: newKey(),
      });
      const bound = answer.body.hostname;
      const { proof } = answer.body;
      if (proof) context.terminal.note(`to prove that it is yours, make this DNS record: ${proof.name} ${proof.type} "${proof.value}"`);
      const run = await awaitRun(context, answer, bound);
      if (context.terminal.json) return printOutcome(context, answer, run, () => findHostname(context.api, bound));
      if (run) context.terminal.note(`${bound} is served by ${site.name}`);
    }));
}

function addSet(host: Command): void {
  waits(host.command('set').description('change a hostname’s role, or what visitors without TLS get'))
    .argument('<hostname>', 'like www.example.org')
    .addOption(new Option('--role <role>', 'a new primary makes the old one an alias').choices(['primary', 'alias', 'redirect']))
    .addOption(new Option('--https <what>', 'without TLS: allow (the page) or redirect (to https)').choices(['allow', 'redirect']))
    .addHelpText('after', '\nExamples:\n  reeve host set www.example.org --role primary\n  reeve host set www.example.org --https redirect')
    .action(act<[string], CommonOptions & { role?: string; https?: string }>(async (context, given, { role, https }) => {
      const found = await findHostname(context.api, given);
      const path = `/hostnames/${encodeURIComponent(found.hostname)}`;
      const answer = await context.api.exchange<Hostname>('PATCH', path, { body: { role, https }, ifMatch: found.rev });
      const run = await awaitRun(context, answer, found.hostname);
      if (context.terminal.json) return printOutcome(context, answer, run, () => findHostname(context.api, found.hostname));
      context.terminal.note(`${found.hostname}: ${[role, https && `https ${https}`].filter(Boolean).join(', ')}`);
    }));
}

function addUnbind(host: Command): void {
  waits(host.command('unbind').description('take a hostname from its site; it answers nothing then'))
    .argument('<hostname>', 'like www.example.org')
    .option('-y, --yes', 'do not ask for the hostname')
    .addHelpText('after', '\nExample:\n  reeve host unbind www.example.org --yes')
    .action(act<[string], CommonOptions & { yes?: boolean }>(async (context, given, options) => {
      const found = await findHostname(context.api, given);
      await confirmName(context, options, `unbind ${found.hostname}, which answers nothing then`, found.hostname);
      const answer = await context.api.exchange<Hostname>('DELETE', `/hostnames/${encodeURIComponent(found.hostname)}`,
        { ifMatch: found.rev });
      const run = await awaitRun(context, answer, found.hostname);
      if (context.terminal.json) return printOutcome(context, answer, run, async () => answer.body);
      if (run) context.terminal.note(`${found.hostname} is unbound`);
    }));
}
