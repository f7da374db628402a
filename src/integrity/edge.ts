/** An edge against Postgres: its routing, and whom it sends visitors to. */
import type { Desired, Member } from '../domain/desired.ts';
import { compareFiles, judge } from '../domain/drift.ts';
import { type EdgeDescription, strangersOf } from '../domain/edge-drift.ts';
import { type Layout, RENDERER_VERSION } from '../domain/layout.ts';
import type { IntegrityReport } from '../domain/resources/drift.ts';
import { createEdgeRenderer, type EdgeRenderer, edgeLayoutOf } from '../render/edge.ts';
import { absolute } from './absolute.ts';
import { nginxManifest } from './expected.ts';

/** One renderer an edge, each of which remembers a line a hostname; an edge whose layout changed gets another one. */
export type EdgeExpectations = Map<string, { readonly layout: string; readonly renderer: EdgeRenderer }>;

export const edgeExpectations = (): EdgeExpectations => new Map();

const KEPT = 4;

export function compareEdge(
  known: EdgeExpectations, layout: Layout, desired: Desired, members: readonly Member[], described: EdgeDescription,
): Pick<IntegrityReport, 'verdict' | 'reason' | 'files' | 'drift'> {
  const of = { files: described.files, drift: [] };
  const [stranger] = strangersOf(described, members);
  // It has just left, or the edge has not heard of it yet: looked at again, and unknown until one of both is so.
  if (stranger) return { ...of, verdict: 'unknown', reason: `it sends visitors to ${stranger.id}, incarnation ${stranger.incarnation}, which is no member now` };
  const rendered = rendererOf(known, layout).render(desired, described.members);
  const expected = {
    rendererVersion: RENDERER_VERSION, epoch: desired.epoch, generation: desired.generation, served: rendered.digests.nginx,
    manifest: nginxManifest(rendered, new Set()), releases: new Map<string, string>(),
  };
  const judged = judge(expected, described);
  if (judged.verdict !== 'drift') return { ...of, verdict: judged.verdict, reason: judged.verdict === 'unknown' ? judged.reason : null };
  const drift = [...compareFiles(expected.manifest, new Map(described.manifest)), ...judged.named];
  return { ...of, verdict: 'drift', reason: null, drift: drift.map(({ path, kind }) => ({ path: absolute(layout, described, path), kind, diff: null })) };
}

function rendererOf(known: EdgeExpectations, layout: Layout): EdgeRenderer {
  const text = JSON.stringify(layout);
  const one = known.get(layout.container);
  if (one?.layout === text) return one.renderer;
  const renderer = createEdgeRenderer(edgeLayoutOf(layout));
  known.delete(layout.container);
  known.set(layout.container, { layout: text, renderer });
  for (const old of known.keys()) if (known.size > KEPT) known.delete(old);
  return renderer;
}
