import type { Member } from '../../domain/desired.ts';
import { digestInName } from '../../domain/drift.ts';
import { createEdgeRenderer, type EdgeLayout } from '../../render/edge.ts';
import type { Renderer } from '../reconcile/prepare.ts';
import type { Members } from './members.ts';

export interface EdgeRendering extends Renderer {
  /** The members in a configuration, by the digest in its name; none when it was not rendered by this process. */
  membersIn(digest: string): readonly Member[];
}

/** The one in service, and those that were tried since. */
const REMEMBERED = 8;

/** The edge's renderer as reconciling takes one: no sites' files, and the members of now. */
export function edgeRenderer(layout: EdgeLayout, members: Members): EdgeRendering {
  const renderer = createEdgeRenderer(layout);
  const rendered = new Map<string, readonly Member[]>();
  return {
    render(desired) {
      const usable = members.usable();
      const { nginx, digests } = renderer.render(desired, usable);
      const name = digestInName(`-${digests.nginx}`);
      rendered.delete(name);
      rendered.set(name, usable);
      for (const old of rendered.keys()) if (rendered.size > REMEMBERED) rendered.delete(old);
      return { nginx, digests, vassals: new Map(), lines: new Map(), failures: [] };
    },
    // It has no sites' files, so none is ever held back.
    version: () => '',
    membersIn: (digest) => rendered.get(digest) ?? [],
  };
}
