import { linkSync } from 'node:fs';

/** Give a file, made whole beside its place, its name, for whoever comes first. @returns false when another one has it */
export function linked(draft: string, file: string): boolean {
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
