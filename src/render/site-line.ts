import type { ReleaseManifest, SiteDesired } from '../domain/desired.ts';
import type { ReleaseId } from '../domain/id.ts';
import { id, Unrenderable } from './syntax.ts';

/**
 * A site's line of sites.conf: all that nginx knows of it. It refers to nothing outside itself, so a line that was good
 * once stays good: that is how a quarantined site goes on being served.
 *
 *   <site> "live <release> <previous|-> <static url> <media url|-> <inner> <private,…|/>";
 *   <site> "suspended - - - - - /";
 */
export function siteLine(site: SiteDesired, manifest: ReleaseManifest | null): string | null {
  if (site.phase === 'suspended') return `${id('s', site.id, 'the site')} "suspended - - - - - /";`;
  if (site.phase !== 'live' || manifest === null) return null;
  const staticUrl = urlPrefix(manifest.static.url, 'the static URL');
  // Files of a bucket are fetched from there, or through Django.
  const mediaUrl = site.store.kind === 'directory' ? urlPrefix(manifest.media.url, 'the media URL') : '-';
  if (mediaUrl === staticUrl) throw new Unrenderable('the media URL', mediaUrl, 'it is the static URL as well');
  const hidden = manifest.media.private.map((prefix) => urlPrefix(`/${prefix}`, 'a private directory').slice(1));
  const fields = [
    'live', id('r', site.release, 'the release'), site.previousRelease === null ? '-' : id('r', site.previousRelease, 'the former release'), staticUrl, mediaUrl,
    innerOf(staticUrl, mediaUrl), hidden.length === 0 ? '/' : hidden.join(','),
  ];
  const line = `${id('s', site.id, 'the site')} "${fields.join(' ')}";`;
  if (line.length > LONGEST) throw new Unrenderable('the line of the site', `${line.slice(0, 100)}…`, `nginx takes ${LONGEST} characters`);
  return line;
}

/** nginx reads a configuration by 4,096 bytes, and refuses a word that is longer: the whole file, for one site's sake. */
const LONGEST = 4_000;

/** Which of the two lies within the other, and so decides there. */
function innerOf(staticUrl: string, mediaUrl: string): 'static' | 'media' | '-' {
  if (mediaUrl.startsWith(staticUrl)) return 'media';
  return staticUrl.startsWith(mediaUrl) ? 'static' : '-';
}

function urlPrefix(url: unknown, what: string): string {
  if (typeof url !== 'string' || !/^\/(?:(?!\.\.?\/)[A-Za-z0-9._-]+\/)+$/.test(url) || url.length > 200) {
    throw new Unrenderable(what, url, 'it must be a path of A-Z a-z 0-9 . _ - that begins and ends with a slash');
  }
  if (url.startsWith('/-reeve-/')) throw new Unrenderable(what, url, '/-reeve-/ is nginx’s own');
  return url;
}

/** The releases whose files a line has nginx look for. */
export function releasesOf(line: string): ReleaseId[] {
  const [, release, previous] = line.slice(line.indexOf('"') + 1).split(' ');
  return [release!, previous!].filter((one) => one !== '-');
}

const LINE = /^(s[0-9a-z]{9}) "[A-Za-z0-9._/,-]+(?: [A-Za-z0-9._/,-]+){6}";$/;

/** The lines of a sites.conf by site, as they can be handed back to keep a site's. Lines of another shape are left out. */
export function readSiteLines(sitesConf: string): Map<string, string> {
  const lines = new Map<string, string>();
  for (const line of sitesConf.split('\n')) {
    const site = line.match(LINE)?.[1];
    if (site) lines.set(site, line);
  }
  return lines;
}

/** @throws Unrenderable when a line that is to be kept is not that site's, whole and unchanged in shape */
export function keptLine(site: string, line: string): string {
  if (line.match(LINE)?.[1] !== site) throw new Unrenderable('a kept line', line, `it must be a line of ${site}`);
  return line;
}
