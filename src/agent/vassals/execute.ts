/** Carries out the steps of a plan; decides nothing. */
import { mkdirSync, rmSync } from 'node:fs';
import type { SiteDesired } from '../../domain/desired.ts';
import type { SiteId } from '../../domain/id.ts';
import { type Layout, places } from '../../domain/layout.ts';
import type { Tree } from '../files/tree.ts';
import { type Log, messageOf } from '../../log.ts';
import { ownerOf } from '../reconcile/site-files.ts';
import { fileOf, type RenderedVassal } from '../../render/vassal.ts';
import type { Siblings } from '../signals.ts';
import type { Answers, Question } from './answers.ts';
import { EMPEROR_SIGNALS } from './emperor.ts';
import type { VassalDisk } from './files.ts';
import { lastLines, newestLog } from './log-tail.ts';
import type { Masking } from './masking.ts';
import type { VassalStep } from './plan.ts';

export interface Execution {
  row(site: SiteId): SiteDesired | undefined;
  vassal(site: SiteId): RenderedVassal | undefined;
  question(site: SiteId, digest: string): Question;
  onFailed(site: SiteId, digest: string, reason: string): void;
}

const LOG_LINES = 12;

/** Execute steps in order; then the emperor looks once. */
export type StepExecutor = (steps: readonly VassalStep[], execution: Execution) => void;

export function stepExecutor(parts: {
  layout: Layout; tree: Tree; disk: VassalDisk; answers: Answers; siblings: Siblings; log: Log; masked: Masking;
}): StepExecutor {
  const { layout, tree, disk, answers, siblings, log, masked } = parts;

  function removeIni(site: SiteId, digest: string): void {
    tree.remove(places.vassalFile(layout, site, digest));
    disk.noteIni(site, digest, false);
  }

  return (steps, execution) => {
    let scan = false;
    let forgive = false;
    for (const step of steps) {
      const { site } = step;
      switch (step.do) {
        case 'start': {
          const row = execution.row(site);
          const vassal = execution.vassal(site);
          if (!row || vassal?.digest !== step.digest) break;
          // What a killed vassal of that name left would keep it from binding. The directory is the site's own: what cannot
          // be removed (a directory of that name) is its own trouble, not the pass's.
          try {
            rmSync(places.vassalSocket(layout, site, step.digest), { force: true });
          } catch (error) {
            execution.onFailed(site, step.digest, `its socket has no place: ${messageOf(error)}`);
            break;
          }
          mkdirSync(places.vassalSocketDir(layout, site), { recursive: true });
          answers.forget(site);
          tree.ensure(places.vassalFile(layout, site, step.digest), fileOf(vassal, 'ini'), {
            mode: 0o400, owner: ownerOf(layout, row), laterThan: 0,
          });
          disk.noteIni(site, step.digest, true);
          log.info('vassal starts', { site, digest: step.digest });
          // One of that name may have been bad before.
          scan = forgive = true;
          break;
        }
        case 'ask':
          answers.ask(site, step.digest, execution.question(site, step.digest));
          break;
        case 'switch':
          log.info('vassal in service', { site, was: disk.of(site).link?.digest ?? null, now: step.digest });
          disk.link(site, step.digest);
          answers.forget(site);
          break;
        case 'stop':
          removeIni(site, step.digest);
          log.info('vassal stops', { site, digest: step.digest });
          scan = true;
          break;
        case 'unlink':
          disk.unlink(site);
          break;
        case 'fail': {
          const found = newestLog(places.logDir(layout, site));
          // They go into a row that people read.
          const lines = found && masked(site, lastLines(found, LOG_LINES));
          removeIni(site, step.digest);
          execution.onFailed(site, step.digest, lines ? `${step.reason}\n${lines}` : step.reason);
          scan = true;
          break;
        }
      }
    }
    if (forgive) siblings.signal('emperor', EMPEROR_SIGNALS.forgive);
    if (scan) siblings.signal('emperor', EMPEROR_SIGNALS.scan);
  };
}
