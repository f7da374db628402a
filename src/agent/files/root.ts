import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { type Layout, places } from '../../domain/layout.ts';
import { isUnfinished } from './atomic.ts';

interface Directory {
  readonly path: string;
  readonly mode: number;
  /** Whether nginx's group may enter. */
  readonly nginx?: boolean;
}

/**
 * A container's own directories. Sites' users may pass through (0711) to what is theirs, and list nothing; nginx's
 * files are closed to them.
 */
export function rootDirectories(layout: Layout): Directory[] {
  const { root, runDir } = layout;
  return [
    { path: root, mode: 0o711 },
    { path: runDir, mode: 0o711 },
    { path: places.ownDir(layout), mode: 0o700 },
    { path: `${runDir}/v`, mode: 0o711 },
    { path: `${runDir}/new`, mode: 0o711 },
    { path: places.overlayLinks(layout), mode: 0o711 },
    { path: places.overlayValues(layout), mode: 0o711 },
    { path: places.nginxDir(layout), mode: 0o750, nginx: true },
    { path: places.vassalsDir(layout), mode: 0o711 },
    { path: `${root}/sites`, mode: 0o711 },
    { path: `${root}/work`, mode: 0o711 },
    { path: `${root}/log`, mode: 0o711 },
    { path: `${root}/log/sites`, mode: 0o711 },
  ];
}

/** Make them, and remove what a killed writer left unfinished. */
export function prepareRoot(layout: Layout): void {
  for (const { path, mode, nginx } of rootDirectories(layout)) {
    mkdirSync(path, { recursive: true });
    // Changed only where it differs: on a disk that became read-only the agent starts all the same, and says so.
    const stat = lstatSync(path);
    if ((stat.mode & 0o7777) !== mode) chmodSync(path, mode);
    if (nginx && layout.nginxUser && (stat.uid !== 0 || stat.gid !== layout.nginxUser.gid)) chownSync(path, 0, layout.nginxUser.gid);
    for (const name of readdirSync(path)) if (isUnfinished(name)) rmSync(`${path}/${name}`, { recursive: true, force: true });
  }
}
