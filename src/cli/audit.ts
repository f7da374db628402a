import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { ReeveError } from '../domain/errors.ts';
import { act, type CommonOptions, type Context, talks } from './context.ts';
import { table } from './output/table.ts';
import { age } from './output/time.ts';
import { noteMore, readFirst } from './pages.ts';
import type { AuditEntry, AuditVerdict } from './resources.ts';
import { findSite } from './site/find.ts';
import { parseCount } from './values.ts';

/** What the API takes to compute the whole chain, and a little more. */
const VERIFY_MS = 125_000;

interface Filters extends CommonOptions {
  readonly subject?: string;
  readonly action?: string;
  readonly actor?: string;
  readonly site?: string;
  readonly from?: string;
  readonly to?: string;
}

/** `reeve audit [list]|export|verify`. */
export function addAudit(program: Command): void {
  const audit = program.command('audit').description('who did what, and why');

  filtered(audit.command('list', { isDefault: true }).description('the newest entries'))
    .option('--limit <count>', 'how many', parseCount, 50)
    .addHelpText('after', '\nExamples:\n  reeve audit\n  reeve audit list --subject hostname:www.example.org --json\n  reeve audit list --action grant. --from 2030-01-01T00:00:00Z')
    .action(act<[], Filters & { limit: number }>(async (context, { limit, ...filters }) => {
      const page = await readFirst<AuditEntry>(context.api, '/audit', limit, await queryOf(context, filters));
      if (context.terminal.json) return context.terminal.printJson(page);
      context.terminal.print(table(page.items, [
        { title: 'age', cell: (row) => age(row.at), right: true },
        { title: 'who', cell: (row) => row.actor.name },
        { title: 'action', cell: (row) => row.action },
        { title: 'subject', cell: (row) => row.subject },
        { title: 'run', cell: (row) => row.run },
        { title: 'reason', cell: (row) => row.reason },
      ]));
      noteMore(context, page, '--limit, or reeve audit export');
    }));

  filtered(audit.command('export').description('all of it as a file, newest first'))
    .option('--format <format>', 'csv or ndjson', 'csv')
    .option('-o, --output <file>', 'where to (else stdout)')
    .addHelpText('after', '\nExamples:\n  reeve audit export > audit.csv\n  reeve audit export --format ndjson --actor u012345678 -o ada.ndjson')
    .action(act<[], Filters & { format: string; output?: string }>(async (context, { format, output, ...filters }) => {
      const bytes = context.api.download('/audit/export', { query: { format, ...(await queryOf(context, filters)) } });
      try {
        await pipeline(Readable.from(bytes), output === undefined ? process.stdout : createWriteStream(output, { mode: 0o600 }), { end: output !== undefined });
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (output !== undefined && code !== undefined && /^E[A-Z]+$/.test(code)) throw new ReeveError('bad-request', `cannot write ${output}: ${code}`);
        throw error;
      }
      if (output !== undefined) context.terminal.note(`the audit is in ${output}`);
    }));

  talks(audit.command('verify').description('compute its hash chain again: whether anything was changed or taken away; exits with 5 if so'))
    .option('--head <id:hash>', 'a head that was kept elsewhere: also shows whether entries were cut off the end')
    .addHelpText('after', '\nExamples:\n  reeve audit verify\n  reeve audit verify --head "$(cat head-of-last-month)"')
    .action(act<[], CommonOptions & { head?: string }>(async (context, { head }) => {
      const verdict = await context.api.request<AuditVerdict>('GET', '/audit/verify', { query: { head }, timeout: VERIFY_MS });
      if (context.terminal.json) context.terminal.printJson(verdict);
      if (verdict.kept === false) {
        throw new ReeveError('conflict', `the audit was tampered with: what is sealed now has no entry ${head}; entries were cut off the end, or sealed anew`);
      }
      if (!verdict.intact) throw new ReeveError('conflict', `the audit was tampered with: entry ${verdict.brokenAt} does not fit what was sealed`);
      if (context.terminal.json) return;
      context.terminal.print(`intact: ${verdict.sealed} entries${verdict.unsealed > 0 ? `, ${verdict.unsealed} newer than the last seal` : ''}`);
      if (verdict.head) context.terminal.note(`head ${verdict.head}`);
    }));
}

function filtered(command: Command): Command {
  return talks(command)
    .option('--subject <subject>', 'only of this, like site:s012345678')
    .option('--action <action>', 'only this, or all that begin so, like grant.')
    .option('--actor <id>', 'only of this person or token')
    .option('--site <site>', 'only about this site')
    .option('--from <time>', 'not before, like 2030-01-31T00:00:00Z')
    .option('--to <time>', 'before');
}

async function queryOf({ api }: Context, { subject, action, actor, site, from, to }: Filters): Promise<Record<string, string | undefined>> {
  return { subject, action, actor, from, to, site: site === undefined ? undefined : (await findSite(api, site)).id };
}
