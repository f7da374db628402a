/** Which step of a run an activity is. Used on both sides: in workflows (live details) and by the worker (rows). */

interface Part {
  readonly step: string;
  readonly begins: boolean;
  readonly ends: boolean;
}

/** Steps that are several activities: the first begins it, the last ends it. */
const PARTS: Readonly<Record<string, Part>> = {
  planProbe: { step: 'probe', begins: true, ends: false },
  probeSite: { step: 'probe', begins: false, ends: false },
  planRegeneration: { step: 'regenerate', begins: true, ends: false },
  reportRegeneration: { step: 'regenerate', begins: false, ends: true },
  describeFiles: { step: 'judgeFiles', begins: false, ends: false },
  reportProbe: { step: 'probe', begins: false, ends: true },
  planRemediation: { step: 'probeAgain', begins: true, ends: false },
  noteProbedAgain: { step: 'probeAgain', begins: false, ends: true },
  restartVassals: { step: 'regenerate', begins: true, ends: false },
  noteRestarted: { step: 'regenerate', begins: true, ends: false },
  concludeRemediation: { step: 'regenerate', begins: true, ends: true },
  planSuccessorProbe: { step: 'probeSuccessor', begins: true, ends: false },
  planJoiningProbe: { step: 'admit', begins: true, ends: false },
  admit: { step: 'admit', begins: false, ends: true },
  findStragglers: { step: 'retireSecrets', begins: true, ends: false },
  confirmReplaceable: { step: 'probeSuccessor', begins: false, ends: true },
};

/** Activities that belong to no step. */
const UNSEEN = new Set(['finishRun', 'confirmRotatable', 'incarnationOf', 'wantedOf', 'mendNow', 'recordUnanswered', 'failReplacement']);

/** The step, and whether the activity begins or ends it; null for those that people need not see. */
export function stepOf(activity: string): Part | null {
  if (UNSEEN.has(activity)) return null;
  return PARTS[activity] ?? { step: activity, begins: true, ends: true };
}
