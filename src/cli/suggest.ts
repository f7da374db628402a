import { closestMatch } from 'leven';

/** `; did you mean alpha?`, or nothing where no candidate is close. */
export function didYouMean(given: string, candidates: Iterable<string>): string {
  const meant = closestMatch(given, [...candidates], { maxDistance: given.length < 4 ? 1 : Math.max(2, Math.floor(given.length / 3)) });
  return meant === undefined ? '' : `; did you mean ${meant}?`;
}
