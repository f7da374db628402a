import { AwsClient } from 'aws4fetch';
import { ReeveError } from '../domain/errors.ts';
import { fetchOutside } from '../network/outgoing.ts';

export interface S3Server {
  /** e.g. `http://127.0.0.1:7070`; buckets are addressed by path. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface S3Answer {
  readonly status: number;
  /** S3's own word for what went wrong, e.g. `NoSuchBucket`; null when nothing did. */
  readonly code: string | null;
  readonly text: string;
}

export type S3Client = (method: string, path: string, options?: {
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}) => Promise<S3Answer>;

const TIMEOUT_MS = 30_000;

/**
 * Signed requests to an S3-compatible server. Answers with any status below 500 are the caller's to judge.
 * @throws ReeveError `unavailable` when it does not answer, or answers with 5xx; `forbidden` when it does not know the key
 */
export function createS3Client(server: S3Server): S3Client {
  const client = new AwsClient({
    accessKeyId: server.accessKey, secretAccessKey: server.secretKey, region: server.region, service: 's3',
    // Whoever calls tries again, with a delay of its own.
    retries: 0,
  });
  return async (method, path, { query = {}, headers = {}, body } = {}) => {
    const url = new URL(path.split('/').map(encodeURIComponent).join('/'), server.endpoint);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    let response: Response;
    let text: string;
    try {
      const signed = await client.sign(url.href, { method, headers, body });
      response = await fetchOutside(signed.url, {
        method, headers: Object.fromEntries(signed.headers), body, signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      text = await response.text();
    } catch (error) {
      throw new ReeveError('unavailable', `the S3-compatible server at ${server.endpoint} does not answer`, {}, error);
    }
    const code = response.ok ? null : (text.match(/<Code>([^<]+)<\/Code>/)?.[1] ?? String(response.status));
    if (response.status >= 500) {
      throw new ReeveError('unavailable', `the S3-compatible server at ${server.endpoint} answers ${response.status} (${code})`);
    }
    if (code === 'InvalidAccessKeyId' || code === 'SignatureDoesNotMatch') {
      throw new ReeveError('forbidden', `the S3-compatible server at ${server.endpoint} refuses the credentials (${code})`, { code });
    }
    return { status: response.status, code, text };
  };
}

/** All contents of an element, decoded; enough for the flat lists that S3 answers with. */
export function elements(xml: string, name: string): string[] {
  const found = xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'));
  return [...found].map(([, text]) => text!.replace(/&(lt|gt|quot|apos|amp|#x?[0-9a-fA-F]+);/g, (_, entity: string) => decode(entity)));
}

export function escapeXml(text: string): string {
  return text.replace(/[<>&"'\r\n]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function decode(entity: string): string {
  const named: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  if (named[entity]) return named[entity];
  return String.fromCodePoint(entity[1] === 'x' ? Number.parseInt(entity.slice(2), 16) : Number(entity.slice(1)));
}
