/** What a container's files should be, computed from Postgres and the container's recorded layout alone. */
import { type Desired, seenIn } from '../domain/desired.ts';
import { digestInName, type Expected, fileDigest, linkDigest, type Manifest, withoutLines } from '../domain/drift.ts';
import type { Layout } from '../domain/layout.ts';
import { RENDERER_VERSION } from '../domain/layout.ts';
import { releasesInUse } from '../domain/releases-in-use.ts';
import type { SitesKey } from '../domain/secrets.ts';
import { type ContainerRenderer, createContainerRenderer, type Rendered } from '../render/container.ts';
import type { RenderedVassal } from '../render/vassal.ts';
import { s3Credentials } from '../storage/s3-credentials.ts';

export interface Expectation extends Expected {
  /** The text of a file by its path in the manifest; null where it has none (links, sockets). */
  textOf(path: string): string | null;
}

export interface Expectations {
  /** @param leftOut sites that the container says are on their way or quarantined: nothing of them is compared */
  of(layout: Layout, desired: Desired, leftOut: readonly string[]): Expectation;
}

/** Renderers remember every site (some 30 MB at 10,000), so only those of the containers asked for last are kept. */
const KEPT = 4;

interface Renderer {
  readonly layout: string;
  readonly renderer: ContainerRenderer;
  readonly digests: WeakMap<RenderedVassal, readonly [ini: string, siteFile: string, envFile: string]>;
}

export function expectations(sitesKey: SitesKey): Expectations {
  const renderers = new Map<string, Renderer>();

  function rendererOf(layout: Layout): Renderer {
    const text = JSON.stringify(layout);
    const known = renderers.get(layout.container);
    const one = known?.layout === text ? known : {
      layout: text, digests: new WeakMap(),
      renderer: createContainerRenderer(layout, { sitesKey, s3Credentials: s3Credentials(sitesKey) }),
    };
    renderers.delete(layout.container);
    renderers.set(layout.container, one);
    for (const container of renderers.keys()) if (renderers.size > KEPT) renderers.delete(container);
    return one;
  }

  return {
    of(layout, platform, leftOut) {
      const one = rendererOf(layout);
      const desired = desiredIn(platform, layout.container);
      const rendered = one.renderer.render(desired, new Map());
      return {
        rendererVersion: RENDERER_VERSION, epoch: desired.epoch, generation: desired.generation, served: rendered.digests.nginx, releases: releasesInUse(desired),
        manifest: manifestOf(layout, desired, rendered, new Set(leftOut), one.digests),
        textOf: (path) => textOf(rendered, path),
      };
    },
  };
}

/** As that container is to serve it: some site may be on trial there. */
function desiredIn(desired: Desired, container: string): Desired {
  const tried = [...desired.sites.values()].filter(({ trial }) => trial?.container === container);
  if (tried.length === 0) return desired;
  return { ...desired, sites: new Map([...desired.sites, ...tried.map((site) => [site.id, seenIn(site, container)] as const)]) };
}

function manifestOf(
  layout: Layout, desired: Desired, rendered: Rendered, leftOut: ReadonlySet<string>, digests: Renderer['digests'],
): Manifest {
  const manifest = nginxManifest(rendered, leftOut);
  for (const [site, vassal] of rendered.vassals) {
    let known = digests.get(vassal);
    if (!known) {
      const uid = layout.firstUid === null ? null : layout.firstUid + desired.sites.get(site)!.number;
      known = [fileDigest(vassal.ini, 0o400, uid), fileDigest(vassal.siteFile, 0o600, uid), fileDigest(vassal.envFile, 0o600, uid)];
      digests.set(vassal, known);
    }
    manifest.set(`vassals/${site}.${vassal.digest}.ini`, known[0]);
    manifest.set(`sites/${site}.json`, known[1]);
    manifest.set(`sites/${site}.env`, known[2]);
    manifest.set(`run/${site}.sock`, linkDigest(vassal.digest));
  }
  return manifest;
}

/** nginx's own files, whose modes and owner do not count, and the link to them. */
export function nginxManifest({ nginx, digests }: Pick<Rendered, 'nginx'> & { digests: Pick<Rendered['digests'], 'nginx'> }, leftOut: ReadonlySet<string>): Map<string, string> {
  const manifest = new Map<string, string>();
  for (const [name, text] of nginx) {
    manifest.set(`nginx/${name}`, name === 'generation.conf' ? 'here'
      : fileDigest(name === 'sites.conf' ? withoutLines(text, leftOut) : text, null, null));
  }
  return manifest.set('nginx/current', linkDigest(digestInName(`-${digests.nginx}`)));
}

function textOf(rendered: Rendered, path: string): string | null {
  const [room, name = ''] = [path.slice(0, path.indexOf('/')), path.slice(path.indexOf('/') + 1)];
  if (room === 'nginx') return name === 'current' || name === 'generation.conf' ? null : (rendered.nginx.get(name) ?? null);
  const vassal = rendered.vassals.get(name.split('.')[0]!);
  if (!vassal) return null;
  if (room === 'vassals') return vassal.ini;
  return room === 'sites' ? (name.endsWith('.json') ? vassal.siteFile : vassal.envFile) : null;
}
