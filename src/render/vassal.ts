import { siteEnvironment } from '../domain/codebase-environment.ts';
import { places } from '../domain/layout.ts';
import { digestOf } from './digest.ts';
import { siteFile, type SiteInput } from './site-file.ts';
import { plain, word } from './syntax.ts';
import { templates } from './templates.ts';

/** One site's files beside nginx's. */
export interface RenderedVassal {
  /** 12 hexadecimal digits. Another digest is another process; the same one needs none, whatever else changed. */
  readonly digest: string;
  /** For `places.vassalFile(layout, site, digest)`. */
  readonly ini: string;
  /** For `places.siteFile`, mode 0600, the site's user: JSON that reeve_django follows. */
  readonly siteFile: string;
  /** For `places.envFile`, mode 0600, the site's user: a JSON object of texts that launch.py reads. */
  readonly envFile: string;
  /** The newest of the revs that it was made from. */
  readonly rev: number;
}

type Texts = Pick<RenderedVassal, 'ini' | 'siteFile' | 'envFile'>;

/**
 * A vassal whose files are kept in memory only while somebody uses them, and are made again from the same rows when
 * asked for: 10,000 sites' take 40 MB, and once written nobody reads them.
 */
export class LazyVassal implements RenderedVassal {
  readonly digest: string;
  readonly rev: number;
  /** The digest of all three files, hexadecimal. */
  readonly files: string;
  readonly #input: SiteInput;
  #made: WeakRef<Texts> | null;

  /** @param input what a vassal of these digests was made from */
  constructor(known: { digest: string; rev: number; files: string }, input: SiteInput, made: Texts | null = null) {
    this.digest = known.digest;
    this.rev = known.rev;
    this.files = known.files;
    this.#input = input;
    this.#made = made && new WeakRef(made);
  }

  #texts(): Texts {
    const made = this.#made?.deref();
    if (made) return made;
    const again = renderTexts(this.#input);
    this.#made = new WeakRef(again);
    return again;
  }

  get ini(): string { return this.#texts().ini; }
  get siteFile(): string { return this.#texts().siteFile; }
  get envFile(): string { return this.#texts().envFile; }
}

/** One of a vassal's files, as the text it is, or as one that is made when needed: equal keys, equal texts. */
export function fileOf(vassal: RenderedVassal, name: keyof Texts): string | { readonly key: string; read(): string } {
  return vassal instanceof LazyVassal ? new LazyFile(vassal, name) : vassal[name];
}

/** Two of these a site are kept for good: a class, since an object with a closure takes three times as much. */
class LazyFile {
  readonly #vassal: LazyVassal;
  readonly #name: keyof Texts;

  constructor(vassal: LazyVassal, name: keyof Texts) {
    this.#vassal = vassal;
    this.#name = name;
  }

  get key(): string { return this.#vassal.files; }
  read(): string { return this.#vassal[this.#name]; }
}

/** The same with its files in it, to be written down. */
export function wholeVassal({ digest, ini, siteFile, envFile, rev }: RenderedVassal): RenderedVassal {
  return { digest, ini, siteFile, envFile, rev };
}

/** The digest of a vassal's three files. */
export function filesDigest(site: string, { ini, siteFile, envFile }: Texts): string {
  return digestOf([site, ini, siteFile, envFile]);
}

/** Stands for the digest where it is not known yet; no digest has such letters. */
const NO_DIGEST = 'no-digest';
/**
 * Seconds in which a worker is not replaced, however much it holds. With uWSGI's own 10, one
 * that leaked 60 MB a request reached 829 MB of its 1,024; at 2 or less (uWSGI's `forkbomb-delay`), a codebase that is
 * above the limit from the start would make the master sleep between replacements.
 */
const YOUNGEST_S = 5;

/**
 * The vassal of a live site. Hostnames are not part of the digest, since reeve_django follows the site's file: a routing
 * change touches no process. Where a codebase has them in variables instead, they are in the environment, and so in the
 * digest.
 * @throws Unrenderable, SecretUnreadable
 */
export function renderVassal(input: SiteInput, rev: number): LazyVassal {
  const made = renderTexts(input);
  return new LazyVassal({ digest: made.digest, rev, files: filesDigest(input.site.id, made) }, input, made);
}

function renderTexts(input: SiteInput): Texts & { readonly digest: string } {
  const { layout, site, manifest } = input;
  const file = siteFile(input);
  const environment = siteEnvironment(manifest, file, places.siteFile(layout, site.id));
  const envFile = `${JSON.stringify(environment, null, 1)}\n`;
  const lasting = JSON.stringify({ ...file, hostnames: [], primaryUrl: '' });
  const ini = renderIni(input, NO_DIGEST);
  const digest = digestOf([ini, envFile, lasting]).slice(0, 12);
  return { digest, ini: ini.replace(`/${NO_DIGEST}.sock\n`, `/${digest}.sock\n`), siteFile: `${JSON.stringify(file, null, 1)}\n`, envFile };
}

function renderIni({ layout, site, manifest }: SiteInput, digest: string): string {
  const { processes, threads, harakiri, memory } = site.settings;
  return templates.vassal({
    processes, threads, harakiri, memory,
    // A worker that holds so much is replaced after its request, before the address space runs out in the middle of one.
    rss: Math.floor(memory / 2),
    youngest: YOUNGEST_S,
    python: `${layout.releasesDir}/${plain(manifest.venv, 'the virtual environment')}/bin/python3`,
    work: places.workDir(layout, word(site.id)),
    code: `${places.release(layout, word(manifest.id))}/code`,
    module: manifest.wsgi.module,
    callable: manifest.wsgi.callable,
    socket: places.vassalSocket(layout, site.id, digest),
    log: places.logDir(layout, site.id),
  });
}
