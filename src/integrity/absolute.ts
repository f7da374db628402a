import type { Layout } from '../domain/layout.ts';

/** Where a file of a manifest is, or would be, in a container, whose configuration in service is in that directory. */
export function absolute({ root, runDir }: Layout, { configuration }: { readonly configuration: string | null }, path: string): string {
  if (path.startsWith('process:')) return path;
  if (path === 'nginx/current') return `${root}/${path}`;
  if (path.startsWith('nginx/')) return `${root}/nginx/${configuration}/${path.slice(6)}`;
  return path.startsWith('run/') ? `${runDir}/${path.slice(4)}` : `${root}/${path}`;
}
