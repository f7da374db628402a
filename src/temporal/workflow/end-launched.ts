import { certain } from './activities.ts';

/** Nothing is left of what was launched, if anything was. */
export async function endLaunched(container: string): Promise<void> {
  const incarnation = await certain.incarnationOf({ container });
  if (incarnation !== null) await certain.end({ container, incarnation });
}
