import { structuredPatch } from 'diff';

/** Lines around each change, and how much of a diff is kept. */
const CONTEXT = 2;
const MOST_CHARACTERS = 16_000;
/** Two versions further apart than this differ in nearly everything. */
const MOST_EDITS = 2_000;
const WITHIN_MS = 1_000;

/** What was expected against what is there, as a unified diff; null when there is nothing to show of either. */
export function unifiedDiff(path: string, expected: string | null, found: string | null): string | null {
  if (expected === null && found === null) return null;
  if (expected === found) return 'what may be shown of it is the same: its mode, its owner or a masked value differs\n';
  const patch = structuredPatch(path, path, expected ?? '', found ?? '', 'expected', 'found', {
    context: CONTEXT, maxEditLength: MOST_EDITS, timeout: WITHIN_MS,
  });
  if (!patch) return `more than ${MOST_EDITS} lines differ\n`;
  const lines = patch.hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines: some }) =>
    [`@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`, ...some]);
  const text = [`--- ${path} (expected)`, `+++ ${path} (found)`, ...lines, ''].join('\n');
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)}\n… (${text.length} characters in all)\n`;
}
