/** Sites as people read them. */
import type { Context } from '../context.ts';
import { fields, table } from '../output/table.ts';
import type { Style, Terminal } from '../output/terminal.ts';
import { age } from '../output/time.ts';
import type { Site } from '../resources.ts';

const STYLES: Record<string, Style> = {
  active: 'green', bound: 'green', ready: 'green', running: 'green',
  creating: 'cyan', starting: 'cyan', binding: 'cyan', resuming: 'cyan', upgrading: 'cyan', restoring: 'cyan', rotating: 'cyan', preparing: 'cyan',
  suspending: 'yellow', suspended: 'yellow', draining: 'yellow', unbinding: 'yellow', deleting: 'yellow', purging: 'yellow',
  degraded: 'red', failed: 'red', lost: 'red', deleted: 'dim', ended: 'dim', retired: 'dim',
};

/** A status in its colour. */
export function paintStatus(terminal: Terminal, status: string): string {
  const style = STYLES[status];
  return style ? terminal.paint(style, status) : status;
}

export function printSites(context: Context, sites: readonly Site[]): void {
  const { terminal } = context;
  if (sites.length === 0) {
    terminal.note('no sites yet; make one with: reeve site create <name>');
    return;
  }
  terminal.print(table(sites, [
    { title: 'name', cell: (site) => site.name },
    { title: 'status', cell: (site) => paintStatus(terminal, site.status) },
    { title: 'hostname', cell: primaryOf },
    { title: 'more', cell: (site) => (site.hostnames.length > 1 ? `+${site.hostnames.length - 1}` : ''), right: true },
    { title: 'release', cell: (site) => site.release },
    { title: 'age', cell: (site) => age(site.createdAt), right: true },
    { title: 'id', cell: (site) => site.id },
  ]));
}

export function printSite(context: Context, site: Site): void {
  const { terminal } = context;
  terminal.print(fields([
    ['name', site.name],
    ['id', site.id],
    ['status', paintStatus(terminal, site.status)],
    ['release', site.release],
    ['settings', Object.entries(site.settings).map(([name, value]) => `${name}=${JSON.stringify(value)}`).join('  ')],
    ['purged in', site.purgeAt ? untilThen(site.purgeAt) : null],
    ['run', site.run ? `${site.run.id} (${site.run.state})` : null],
    ['age', age(site.createdAt)],
  ]));
  if (site.hostnames.length > 0) {
    terminal.print(`\n${table(site.hostnames, [
      { title: 'hostname', cell: (each) => each.hostname },
      { title: 'role', cell: (each) => each.role },
      { title: 'status', cell: (each) => paintStatus(terminal, each.status) },
    ])}`);
  }
  if (site.conditions.length > 0) {
    terminal.print(`\n${table(site.conditions, [
      { title: 'condition', cell: (each) => each.type },
      { title: 'status', cell: (each) => each.status },
      { title: 'reason', cell: (each) => each.reason },
      { title: 'since', cell: (each) => age(each.since), right: true },
      { title: 'message', cell: (each) => each.message },
    ])}`);
  }
}

function primaryOf(site: Site): string | undefined {
  return (site.hostnames.find((each) => each.role === 'primary') ?? site.hostnames[0])?.hostname;
}

function untilThen(at: string): string {
  const now = Date.now();
  return age(new Date(now - Math.max(0, Date.parse(at) - now)).toISOString(), now);
}
