/** What a person needs after a start, as a short table. */
export interface Ready {
  readonly dashboard: string;
  /** Where the first owner comes in; null when there are people already. */
  readonly firstOwner: string | null;
  readonly edge: string;
  readonly api: string;
  readonly docs: string;
  readonly temporalUi: string | null;
  readonly token: string;
  readonly accessFile: string;
  readonly containers: number;
  readonly sites: readonly { readonly name: string; readonly url: string; readonly login: string | null }[];
  /** What a person should know or do, a line each. */
  readonly notes: readonly string[];
}

/** Lines for a terminal. The sign-in links work once, for 15 minutes. */
export function formatReady(ready: Ready): string {
  const rows: [string, string][] = [
    ['Dashboard', ready.firstOwner ?? ready.dashboard],
    ...(ready.firstOwner ? [['', 'the link makes you its owner; good for a week, until there is one'] as [string, string]] : []),
    ['API', ready.api],
    ['API docs', ready.docs],
    ['Temporal UI', ready.temporalUi ?? 'not run here (TEMPORAL_ADDRESS)'],
    ['Edge', `${ready.edge}  (${ready.containers} containers)`],
    ['Token', `${ready.token}  (also in ${ready.accessFile})`],
  ];
  for (const site of ready.sites) {
    rows.push([site.name, site.url]);
    if (site.login) rows.push(['  sign in', `${site.login}  (once, 15 minutes)`]);
  }
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
  return ['', 'Reeve is ready.', '', ...lines, '', ...ready.notes.map((line) => `! ${line}`),
    'Next: npm run reeve -- site create gamma   ·   npm run reeve -- status   ·   Ctrl-C stops everything.', ''].join('\n');
}
