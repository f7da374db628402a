/** Reads a platform file: what is wrong with it is said with the line it stands on. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Document, isMap, isPair, LineCounter, type Node, parseDocument } from 'yaml';
import type { z } from 'zod';
import { ReeveError, type FieldError } from '../../domain/errors.ts';
import { readText } from '../stdin.ts';
import type { Wanted } from './model.ts';
import { type EnvValue, platformFileSchema } from './schema.ts';
import { wantedOf } from './wanted.ts';

export interface PlatformFile {
  readonly wanted: Wanted;
  /** The value of a site's variable, read from where the file says. @throws ReeveError `invalid` when it is not there */
  envValue(site: string, name: string): string;
}

/**
 * @param path `-` reads stdin
 * @throws ReeveError `bad-request` when it cannot be read, `invalid` with a line for each complaint
 */
export async function readPlatformFile(path: string, env: NodeJS.ProcessEnv = process.env): Promise<PlatformFile> {
  const text = await readText(path);
  const file = parsePlatformFile(text, path === '-' ? 'stdin' : path);
  const directory = path === '-' ? process.cwd() : dirname(resolve(path));
  return {
    wanted: file.wanted,
    envValue: (site, name) => readValue(`sites.${site}.env.${name}`, file.env.get(site)![name]!, directory, env),
  };
}

/** The same from text. @throws ReeveError `invalid` */
export function parsePlatformFile(text: string, name: string): { wanted: Wanted; env: Map<string, Readonly<Record<string, EnvValue>>> } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, maxAliasCount: 100 } as never);
  if (document.errors.length > 0) {
    throw invalid(name, document.errors.map((error) => ({ path: `line ${lines.linePos(error.pos[0]).line}`, message: error.message })));
  }
  const parsed = platformFileSchema.safeParse(document.toJS() ?? {});
  if (!parsed.success) throw invalid(name, parsed.error.issues.flatMap((issue) => complaints(issue, document, lines)));
  const { wanted, problems } = wantedOf(parsed.data);
  if (problems.length > 0) {
    throw invalid(name, problems.map(({ path, message }) => at(document, lines, path, message)));
  }
  return { wanted, env: new Map(Object.entries(parsed.data.sites).map(([site, { env }]) => [site, env])) };
}

function complaints(issue: z.core.$ZodIssue, document: Document, lines: LineCounter): FieldError[] {
  const path = issue.path.map(String);
  if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => at(document, lines, path, message));
  if (issue.code !== 'unrecognized_keys') return [at(document, lines, path, issue.message)];
  return issue.keys.map((key) => at(document, lines, [...path, key], 'there is no such field'));
}

function at(document: Document, lines: LineCounter, path: readonly string[], message: string): FieldError {
  return { path: `line ${lines.linePos(offsetOf(document, path)).line}`, message: `${path.join('.')}: ${message}` };
}

/** Where the key at the path stands; of what is missing, the nearest thing around it. */
function offsetOf(document: Document, path: readonly string[]): number {
  let node: unknown = document.contents;
  let offset = (node as Node | null)?.range?.[0] ?? 0;
  for (const part of path) {
    const pair = isMap(node) ? node.items.find((each) => String(each.key) === part) : undefined;
    const next = pair?.value ?? (node as { get?(key: unknown, keep: true): unknown } | null)?.get?.(Number(part), true);
    const place = isPair(pair) ? (pair.key as Node) : (next as Node | undefined);
    if (place?.range) offset = place.range[0];
    if (!next) break;
    node = next;
  }
  return offset;
}

function invalid(name: string, errors: readonly FieldError[]): ReeveError {
  return new ReeveError('invalid', `${name} cannot be applied`, { errors });
}

function readValue(path: string, value: EnvValue, directory: string, env: NodeJS.ProcessEnv): string {
  if (typeof value !== 'object') return String(value);
  if ('fromEnv' in value) {
    const found = env[value.fromEnv];
    if (found === undefined) throw new ReeveError('invalid', `${path}: ${value.fromEnv} is not set in this shell`);
    return found;
  }
  try {
    return readFileSync(resolve(directory, value.fromFile), 'utf8').replace(/\n$/, '');
  } catch (error) {
    throw new ReeveError('invalid', `${path}: cannot read ${value.fromFile}: ${(error as Error).message}`);
  }
}
