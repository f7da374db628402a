import type { Command } from 'commander';
import { act, type Context, talks } from './context.ts';
import { printContainers, stateOf } from './container.ts';
import { fields, table } from './output/table.ts';
import { age } from './output/time.ts';
import { readAll, readFirst } from './pages.ts';
import type { Container, Health, Incident, Platform, Run, Site } from './resources.ts';
import { printRuns } from './run/index.ts';
import { scalingLines } from './scaling.ts';

/** One thing that is not well, and where to look. */
interface Trouble {
  readonly what: string;
  readonly subject: string;
  readonly why: string;
}

/** As many of each as one screen holds; how many more there are stands below them. */
const SHOWN = 10;

/** `reeve status`: is all well? The exit code says it too: 0 when it is, 9 when not. */
export function addStatus(program: Command): void {
  talks(program.command('status').description('one screen: is all well, and if not, what is wrong (exit code 9)'))
    .addHelpText('after', '\nExamples:\n  reeve status\n  reeve status --json | jq .converged')
    .action(act<[]>(async (context) => {
      const [platform, containers, sites, open, unwell, incidents] = await Promise.all([
        context.api.request<Platform>('GET', '/platform'),
        readAll<Container>(context.api, '/containers'),
        readAll<Site>(context.api, '/sites'),
        first<Run>(context, '/runs', { state: 'open' }),
        first<Health>(context, '/health', { verdict: 'down' }),
        // With what somebody looks after already: it is not over.
        first<Incident>(context, '/incidents', { state: 'open' }),
      ]);
      const troubles = findTroubles(platform, containers.items, sites.items, unwell, incidents);
      if (troubles.length > 0) process.exitCode = 9;
      if (context.terminal.json) return context.terminal.printJson(platform);
      printStatus(context, platform, containers.items, sites.items, open, troubles, [
        { count: more(platform.incidents.open + platform.incidents.acknowledged, incidents), what: 'incidents', see: 'reeve incident list' },
        { count: more(platform.health.down, unwell), what: 'hostnames that are down somewhere', see: 'reeve health --verdict down' },
      ]);
    }));
}

async function first<Item>({ api }: Context, path: string, query: Record<string, string>): Promise<readonly Item[]> {
  return (await readFirst<Item>(api, path, SHOWN, query)).items;
}

/** How many more there are than are shown. What came between the two reads is not counted: a list that is not full is whole. */
const more = (all: number, shown: readonly unknown[]): number => (shown.length < SHOWN ? 0 : Math.max(0, all - shown.length));

function findTroubles(
  platform: Platform, containers: readonly Container[], sites: readonly Site[], unwell: readonly Health[], incidents: readonly Incident[],
): Trouble[] {
  const names = new Map(sites.map((site) => [site.id, site.name]));
  const lost = containers.filter((each) => stateOf(each) === 'lost');
  const serving = containers.filter((each) => each.role === 'site' && each.state === 'ready' && each.alive);
  const behind = new Set(platform.behind.map((each) => each.container));
  return [
    ...(platform.paused ? [{ what: 'platform', subject: '', why: 'paused: Reeve mends nothing until it is resumed' }] : []),
    ...incidents.map(({ id, severity, title }) => ({ what: 'incident', subject: `#${id}`, why: `${severity}: ${title}; see reeve incident show ${id}` })),
    ...(serving.length === 0 ? [{ what: 'platform', subject: '', why: 'no container is ready' }] : []),
    ...lost.map(({ id, seenAt }) => ({ what: 'container', subject: id, why: `nothing was heard of it for ${age(seenAt)}` })),
    ...platform.behind.map(({ container, observedGeneration }) =>
      ({ what: 'container', subject: container, why: `at generation ${observedGeneration}, not ${platform.generation}` })),
    ...containers.filter((each) => behind.has(each.id) || each.state === 'starting').flatMap(({ id, waitingOn }) =>
      waitingOn.map(({ on, message }) => ({ what: 'container', subject: id, why: `waits on ${on}: ${message}` }))),
    ...containers.flatMap(({ id, quarantined }) => quarantined.map(({ site, reason }) =>
      ({ what: 'site', subject: names.get(site) ?? site, why: `an older version is served in ${id}: ${reason}` }))),
    ...unwell.map(({ hostname, container, verdict, reason }) =>
      ({ what: 'hostname', subject: hostname, why: `${verdict} in ${container}${reason ? `: ${reason}` : ''}` })),
    ...sites.flatMap((site) => site.conditions.filter(isBad)
      .map(({ type, reason, message }) => ({ what: 'site', subject: site.name, why: `${type}: ${message || reason}` }))),
  ];
}

/** What containers refuse, and hostnames that are down, are named by themselves already. */
function isBad(condition: { status: string; reason: string }): boolean {
  return condition.status === 'false' && !['Quarantined', 'Down'].includes(condition.reason);
}

function printStatus(
  context: Context, platform: Platform, containers: readonly Container[], sites: readonly Site[],
  open: readonly Run[], troubles: readonly Trouble[], others: readonly { count: number; what: string; see: string }[],
): void {
  const { terminal } = context;
  const all = others.reduce((sum, { count }) => sum + count, troubles.length);
  terminal.print(all === 0
    ? terminal.paint('green', '● all is well')
    : terminal.paint('red', `● ${all} ${all === 1 ? 'thing is' : 'things are'} not well`));
  terminal.print(`\n${fields([
    ['generation', `${platform.epoch}.${platform.generation}, ${platform.converged ? 'served by every container' : 'on its way'}`],
    ['sites', countsOf(sites.map((site) => site.status)) || 'none'],
    ['hostnames', sum(platform.hostnames)],
    ['probes', Object.entries(platform.health).filter(([, count]) => count > 0).map(([verdict, count]) => `${count} ${verdict}`).join(', ')],
    ...(platform.approvals > 0 ? [['approvals', `${platform.approvals} waiting; see reeve approval list`] as const] : []),
    ...scalingLines(platform),
  ])}\n`);
  printContainers(context, containers.filter((each) => each.state !== 'ended'));
  if (open.length > 0) {
    terminal.print('');
    printRuns(context, open);
    const running = more(platform.runs.requested + platform.runs.running, open);
    if (running > 0) terminal.print(`and ${running} more: reeve run list --state open`);
  }
  if (troubles.length > 0) {
    terminal.print(`\n${table(troubles, [
      { title: 'not well', cell: (each) => each.what },
      { title: '', cell: (each) => each.subject },
      { title: 'why', cell: (each) => each.why },
    ])}`);
    for (const { count, what, see } of others) if (count > 0) terminal.print(`and ${count} more ${what}: ${see}`);
  }
}

function countsOf(statuses: readonly string[]): string {
  const counts = Map.groupBy(statuses, (status) => status);
  return [...counts].map(([status, all]) => `${all.length} ${status}`).join(', ');
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
