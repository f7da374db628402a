import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Home } from '../home.ts';
import type { Installed } from './installed.ts';

/** What the last set-up chose, for `reeve doctor`. Without `pip`, and with no password in it. */
export type InstalledRecord = Omit<Installed, 'pip'>;

export function writeInstalled(home: Home, installed: Installed): void {
  const { pip: _, postgres, ...rest } = installed;
  const record: InstalledRecord = {
    ...rest,
    postgres: { ...postgres, url: withoutPassword(postgres.url), sitesUrl: withoutPassword(postgres.sitesUrl) },
  };
  const file = fileOf(home);
  writeFileSync(`${file}.part`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.part`, file);
}

/** Null where set-up never came to its end here. */
export function readInstalled(home: Home): InstalledRecord | null {
  try {
    return JSON.parse(readFileSync(fileOf(home), 'utf8')) as InstalledRecord;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function fileOf(home: Home): string {
  return join(home.root, 'installed.json');
}

function withoutPassword(url: string | undefined): string | undefined {
  if (!url || !URL.canParse(url)) return url && '(set)';
  const parsed = new URL(url);
  if (parsed.password) parsed.password = '***';
  return parsed.toString();
}
