import type { Command } from 'commander';
import { ERRORS, ReeveError } from '../domain/errors.ts';
import { act, type CommonOptions, type Context, talks } from './context.ts';
import { newKey } from './key.ts';
import { table } from './output/table.ts';
import { readAll } from './pages.ts';
import type { Decision, Grant, WhoCan } from './resources.ts';
import { findSite } from './site/find.ts';
import { parseEnd } from './until.ts';
import { grantInWords } from './user.ts';

interface SiteOption extends CommonOptions {
  readonly site?: string;
}

/** `reeve grant list|add|remove|why|who-can`. */
export function addGrant(program: Command): void {
  const grant = program.command('grant').alias('grants').description('who was given which role, where, and until when');

  talks(grant.command('list').alias('ls').description('list them'))
    .option('--user <user>', 'only theirs, also through teams')
    .option('--team <team>', 'only of this team')
    .option('--site <site>', 'only on this site')
    .option('--all', 'also what has ended')
    .addHelpText('after', '\nExamples:\n  reeve grant list --site alpha\n  reeve grant list --user ada@example.org')
    .action(act<[], SiteOption & { user?: string; team?: string; all?: boolean }>(async (context, { user, team, site, all }) => {
      const page = await readAll<Grant>(context.api, '/grants', { user, team, site: await siteId(context, site) });
      const items = all ? page.items : page.items.filter(({ ended }) => !ended);
      if (context.terminal.json) return context.terminal.printJson({ ...page, items });
      if (items.length === 0) return context.terminal.note('nothing was given');
      context.terminal.print(table(items, [
        { title: 'grant', cell: (each) => each.id },
        { title: 'to', cell: (each) => (each.team ? `team ${each.team.name}` : each.user?.name) },
        { title: 'role', cell: (each) => each.role },
        { title: 'on', cell: (each) => each.site?.name ?? 'the platform' },
        { title: 'until', cell: (each) => (each.ended ? `${each.endsAt} (ended)` : each.endsAt) },
        { title: 'by', cell: (each) => each.createdBy.name },
        { title: 'reason', cell: (each) => each.reason },
      ]));
    }));

  talks(grant.command('add').description('give somebody, or a team, a role'))
    .argument('<who>', 'an e-mail or id, or team:<name>')
    .argument('<role>', 'viewer, editor, operator, owner, or a role of your own')
    .option('--site <site>', 'on this site alone (else on the platform)')
    .option('--until <end>', 'until then, like friday, 3d or 2030-01-31')
    .option('--reason <words>', 'why')
    .addHelpText('after', '\nExamples:\n  reeve grant add ada@example.org editor --site alpha --until friday\n  reeve grant add team:Web operator')
    .action(act<[string, string], SiteOption & { until?: string; reason?: string }>(async (context, who, role, { site, until, reason }) => {
      const body = { ...whom(who), role, reason, site: await siteId(context, site), endsAt: until && parseEnd(until) };
      const made = await context.api.request<Grant>('POST', '/grants', { body, idempotencyKey: newKey() });
      if (context.terminal.json) return context.terminal.printJson(made);
      context.terminal.note(`${made.user?.name ?? `team ${made.team!.name}`} is ${grantInWords({ ...made, team: null })} (${made.id})`);
    }));

  talks(grant.command('remove').alias('rm').description('take a role away'))
    .argument('<grant-or-who>', 'the grant’s id; or who has it, and its role')
    .argument('[role]', 'which role')
    .option('--site <site>', 'of this site (else of the platform)')
    .addHelpText('after', '\nExamples:\n  reeve grant remove g012345678\n  reeve grant remove ada@example.org editor --site alpha')
    .action(act<[string, string | undefined], SiteOption>(async (context, given, role, { site }) => {
      const found = role === undefined ? await context.api.request<Grant>('GET', `/grants/${encodeURIComponent(given)}`) : await findGrant(context, given, role, site);
      await context.api.request('DELETE', `/grants/${found.id}`);
      if (context.terminal.json) return context.terminal.printJson(found);
      context.terminal.note(`${found.user?.name ?? `team ${found.team!.name}`} is not ${grantInWords({ ...found, team: null })} any more`);
    }));

  talks(grant.command('why').description('whether one may do something, and why; exits with 3 when not'))
    .argument('<action>', 'like site:update')
    .option('--site <site>', 'on this site (else on the platform)')
    .option('--user <user>', 'somebody else: their e-mail or id')
    .addHelpText('after', '\nExamples:\n  reeve grant why site:update --site alpha\n  reeve grant why container:replace --user ada@example.org')
    .action(act<[string], SiteOption & { user?: string }>(async (context, action, { site, user }) => {
      const decision = await decide(context, action, await siteId(context, site), user);
      if (!decision.allowed) process.exitCode = ERRORS.forbidden.exit;
      if (context.terminal.json) return context.terminal.printJson(decision);
      context.terminal.print(`${decision.allowed ? 'yes' : 'no'}: ${decision.why}`);
    }));

  talks(grant.command('who-can').description('who may do something, and why'))
    .argument('<action>', 'like site:update')
    .option('--site <site>', 'on this site (else on the platform)')
    .addHelpText('after', '\nExample:\n  reeve grant who-can site:delete --site alpha')
    .action(act<[string], SiteOption>(async (context, action, { site }) => {
      const found = await context.api.request<WhoCan>('GET', '/who-can', { query: { action, site: await siteId(context, site) } });
      if (context.terminal.json) return context.terminal.printJson(found);
      if (found.items.length === 0) return context.terminal.note(`nobody may ${action} there`);
      context.terminal.print(table(found.items, [
        { title: 'who', cell: (each) => each.name },
        { title: 'kind', cell: (each) => each.kind },
        { title: 'why', cell: (each) => each.why },
      ]));
    }));
}

async function siteId({ api }: Context, site: string | undefined): Promise<string | undefined> {
  return site === undefined ? undefined : (await findSite(api, site)).id;
}

const whom = (who: string): { user: string } | { team: string } => (who.startsWith('team:') ? { team: who.slice(5) } : { user: who });

async function findGrant(context: Context, who: string, role: string, site: string | undefined): Promise<Grant> {
  const on = await siteId(context, site);
  const { items } = await readAll<Grant>(context.api, '/grants', { ...whom(who), site: on });
  const found = items.find((each) => each.role === role && (each.site?.id ?? undefined) === on && (each.team === null) === !who.startsWith('team:'));
  if (found) return found;
  throw new ReeveError('not-found', `${who} was not given ${role} of ${site ?? 'the platform'}${items.some((each) => each.team !== null) ? ' themselves: see `reeve grant list --user`' : ''}`);
}

async function decide({ api }: Context, action: string, site: string | undefined, user: string | undefined): Promise<Decision> {
  return await api.request<Decision>('GET', user === undefined ? '/me/can' : `/users/${encodeURIComponent(user)}/can`, { query: { action, site } });
}
