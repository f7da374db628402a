/** The addresses of all pages, from the dashboard's own list: one that is new is walked without anybody adding it. */
import { all } from '../../src/dashboard/pages/index.ts';

export interface Address {
  /** As in the list: `/sites/{site}`. */
  readonly pattern: string;
  readonly path: string;
  /** For those who are not signed in. */
  readonly open: boolean;
}

/**
 * @param values what stands for each parameter
 * @throws Error for a parameter that nothing stands for
 */
export function everyPage(values: Readonly<Record<string, string>>): Address[] {
  return all.filter(({ method, path }) => method === 'GET' && path !== '/stream' && !path.endsWith('.json')).map(({ path, open }) => ({
    pattern: path, open,
    path: path.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = values[name];
      if (value === undefined) throw new Error(`${path}: nothing stands for ${name} in test/browser/example`);
      return encodeURIComponent(value);
    }),
  }));
}
