import { execFile } from 'node:child_process';
import { type Layout, places } from '../../domain/layout.ts';
import { type ConfigurationFiles, configurationPath, GENERATION_FILE, type StagedConfiguration } from './stage.ts';

export type TestResult = { readonly ok: true } | { readonly ok: false; readonly message: string };

const TEST_TIMEOUT_MS = 20_000;

/** `nginx -t` on a staged directory; never on the one in service. */
export function testConfiguration(layout: Layout, name: string): Promise<TestResult> {
  const conf = `${configurationPath(layout, name)}/nginx.conf`;
  const args = ['-t', '-q', '-p', places.nginxDir(layout), '-c', conf, '-e', 'stderr', '-g', 'daemon off;'];
  return new Promise((resolve) => {
    execFile(layout.nginx, args, { timeout: TEST_TIMEOUT_MS, cwd: layout.root }, (error, _stdout, stderr) => {
      resolve(error ? { ok: false, message: lastLines(stderr || error.message) } : { ok: true });
    });
  });
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-3).join('\n').slice(0, 1_000);
}

export const HOSTNAMES_FILE = 'hostnames.conf';
export const SITES_FILE = 'sites.conf';
/** Files that hold only entries of maps, one a line, which cannot affect each other. */
const ENTRY_FILES = [HOSTNAMES_FILE, SITES_FILE];
/** What begins after nginx's own settings. */
const FIRST_MAP = /^ {2}map /m;

/**
 * What to test of `next` when `tested` was tested before: the same settings with nothing but a map of the new lines of each
 * file of map entries. Null when anything else changed: then the whole is tested.
 *
 * For each map nginx makes three tables for 10,007 keys before it reads any (`NGX_HASH_LARGE`), half a millisecond; the
 * forty that were tested before say nothing about a new line. The whole takes 26 ms to test with 100 sites and 48 with 10,000
 * (bench/render.ts); the new lines take 5.
 */
export function newLinesOnly(tested: StagedConfiguration, next: StagedConfiguration): ConfigurationFiles | null {
  if (tested.files.size !== next.files.size) return null;
  const lines = new Map<string, string>();
  for (const [name, contents] of next.files) {
    const before = tested.files.get(name);
    if (before === undefined) return null;
    if (ENTRY_FILES.includes(name)) lines.set(name, before === contents ? '' : addedLines(before, contents));
    else if (before !== contents && name !== GENERATION_FILE) return null;
  }
  const main = next.files.get('nginx.conf') ?? '';
  const maps = main.search(FIRST_MAP);
  if (maps < 0) return null;
  const entries = [...lines.keys()].map((name, n) => `  map $host $new_${n} {\n    include ${name};\n  }\n`).join('');
  return new Map([...lines, ['nginx.conf', `${main.slice(0, maps)}${entries}}\n`]]);
}

/** Of new lines, those of hostnames; none where there are lines of sites too. */
export const newHostnamesAlone = (reduced: ConfigurationFiles) => (reduced.get(SITES_FILE) === '' ? reduced.get(HOSTNAMES_FILE)! : '');

/** Whether these new hostnames are all in which `after` differs: no line is gone, of hostnames or of sites. */
export function isNothingButNew(before: ConfigurationFiles, after: ConfigurationFiles, hostnames: string): boolean {
  const size = (files: ConfigurationFiles) => files.get(HOSTNAMES_FILE)?.length ?? 0;
  return hostnames !== '' && size(before) + hostnames.length === size(after) && before.get(SITES_FILE) === after.get(SITES_FILE);
}

/** The lines of `after` that `before` does not have: only between their common beginning and end is anything compared. */
export function addedLines(before: string, after: string): string {
  const start = after.lastIndexOf('\n', commonLength((n) => before.slice(0, n) === after.slice(0, n), before, after)) + 1;
  const same = commonLength((n) => before.slice(-n) === after.slice(-n), before, after);
  const tail = Math.min(same, before.length - start, after.length - start);
  const end = (text: string) => {
    const at = text.indexOf('\n', text.length - tail);
    return at < 0 ? text.length : at + 1;
  };
  const known = new Set(before.slice(start, end(before)).split('\n'));
  const lines = after.slice(start, end(after)).split('\n');
  return lines.filter((line) => line !== '' && !known.has(line)).map((line) => `${line}\n`).join('');
}

/** How many characters at one end are the same. Comparing megabytes at once is far quicker than one by one. */
function commonLength(isSame: (length: number) => boolean, a: string, b: string): number {
  let low = 0;
  let high = Math.min(a.length, b.length);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (isSame(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
