/** Scripts and styles: from npm packages and from templates/dashboard/assets, each under a name that holds its hash. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Request, Response } from 'express';
import { ReeveError } from '../domain/errors.ts';

interface Asset {
  readonly type: string;
  readonly body: Buffer;
  readonly zipped: Buffer;
}

const TYPES: Record<string, string> = { '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml' };

const own = new URL('../../templates/dashboard/assets/', import.meta.url);
const resolve = createRequire(import.meta.url).resolve;

/** One file of several: each is about one thing, a page loads one. */
function together(folder: string): Buffer {
  const at = new URL(`${folder}/`, own);
  return Buffer.concat(readdirSync(at).sort().flatMap((file) => [readFileSync(new URL(file, at)), Buffer.from('\n')]));
}

const sources: Record<string, Buffer> = {
  'htmx.js': readFileSync(resolve('htmx.org/dist/htmx.min.js')),
  'idiomorph.js': readFileSync(resolve('idiomorph/dist/idiomorph.min.js')),
  'uplot.js': readFileSync(resolve('uplot/dist/uPlot.iife.min.js')),
  'uplot.css': readFileSync(resolve('uplot/dist/uPlot.min.css')),
  'dashboard.css': together('css'),
  'dashboard.js': together('js'),
  'chart.js': readFileSync(new URL('chart.js', own)),
  'logs.js': readFileSync(new URL('logs.js', own)),
  'reeve.svg': readFileSync(new URL('reeve.svg', own)),
};

const names = new Map<string, string>();
const assets = new Map<string, Asset>();
for (const [name, body] of Object.entries(sources)) {
  const ending = extname(name);
  const hashed = `${name.slice(0, -ending.length)}-${createHash('sha256').update(body).digest('hex').slice(0, 12)}${ending}`;
  names.set(name, hashed);
  assets.set(hashed, { type: TYPES[ending]!, body, zipped: gzipSync(body) });
}

/** Where an asset is: another text is another address. @throws Error when there is no such asset */
export function assetAddress(name: string): string {
  const hashed = names.get(name);
  if (!hashed) throw new Error(`there is no asset ${name}`);
  return `/assets/${hashed}`;
}

/** @throws ReeveError `not-found` */
export function sendAsset(request: Request, response: Response): void {
  const asset = assets.get(String(request.params.name));
  if (!asset) throw new ReeveError('not-found', 'there is no such file');
  const zip = request.acceptsEncodings('gzip') === 'gzip';
  response.setHeader('content-type', asset.type);
  response.setHeader('cache-control', 'public, max-age=31536000, immutable');
  response.setHeader('vary', 'accept-encoding');
  if (zip) response.setHeader('content-encoding', 'gzip');
  response.end(zip ? asset.zipped : asset.body);
}
