import type { Installed, Report } from './installed.ts';

/** The Node that runs this: bin/reeve.cjs chose it, or brought it. */
export function findNode(report: Report): Installed['node'] {
  const node = { path: process.execPath, version: process.versions.node };
  report({ name: 'Node', state: 'done', detail: `${node.version}, ${node.path}` });
  return node;
}
