import { closeSync, fchmodSync, fchownSync, fsyncSync, openSync, renameSync, rmSync, symlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

let counter = 0;

/** Names beginning with a dot and holding `.new.` are ours and unfinished; a start removes them. */
function temporary(path: string): string {
  const name = path.slice(dirname(path).length + 1);
  return `${dirname(path)}/.${name}.new.${process.pid}.${counter++}`;
}

export const isUnfinished = (name: string) => name.startsWith('.') && name.includes('.new.');

/**
 * Replace a file whole: whoever reads the path finds the old contents or the new, never a part. `durable` also
 * survives a power cut (costs one or two fsyncs, some ms on a slow disk).
 */
export function replaceFile(path: string, contents: string | Uint8Array, options: {
  mode: number; owner?: Owner | null; durable?: boolean;
}): void {
  const draft = temporary(path);
  const fd = openSync(draft, 'wx', options.mode);
  try {
    const bytes = typeof contents === 'string' ? Buffer.from(contents) : contents;
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    fchmodSync(fd, options.mode); // openSync's mode goes through the umask
    if (options.owner) fchownSync(fd, options.owner.uid, options.owner.gid);
    if (options.durable) fsyncSync(fd);
    closeSync(fd);
    renameSync(draft, path);
    if (options.durable) syncDirectory(dirname(path));
  } catch (error) {
    try { closeSync(fd); } catch { /* closed already */ }
    rmSync(draft, { force: true });
    throw error;
  }
}

/** Point a symbolic link elsewhere in one rename. */
export function replaceLink(path: string, target: string): void {
  const draft = temporary(path);
  symlinkSync(target, draft);
  renameSync(draft, path);
}

export function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
