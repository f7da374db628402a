import type { Page as List } from '../../domain/resources/common.ts';
import { runState } from '../../domain/resources/common.ts';
import { type Run, runType } from '../../domain/resources/run.ts';
import { NOTHING_TO_CANCEL, OPEN_STATES, STEPS } from '../../domain/run.ts';
import { RUN_ACTION } from '../../domain/run-action.ts';
import { path } from '../address.ts';
import { type Column, columnsOf } from '../columns.ts';
import { typed } from '../form.ts';
import { action, page } from '../page.ts';
import { choices, orNone, pagingOf } from '../parts.ts';
import { saying } from '../said.ts';
import { runRow, siteNames, withSubjects } from '../subjects.ts';
import { spaced, statusOf } from '../words.ts';

const COLUMNS: readonly Column[] = [
  { label: 'Run' }, { label: 'About' }, { label: 'State' }, { label: 'Asked', by: 'requested', down: true, wide: true }, { label: 'Took', wide: true, right: true },
];

const runs = page({
  path: '/runs',
  async handle({ routes, query }) {
    const { state, type, sort = '-requested', cursor } = query;
    const site = typed(query.site);
    const list = await orNone(routes.get<List<Run>>('/runs', { query: { state, type, site, sort, cursor } }));
    return {
      template: 'runs', title: 'Runs',
      data: {
        runs: await withSubjects(routes, list.items), paging: pagingOf('/runs', query, list), columns: columnsOf('/runs', query, sort, COLUMNS),
        filtered: Boolean(state || type || site), site, sort,
        states: choices('Any state', [['open', 'Under way'], ...runState.options], spaced, state), types: choices('Any kind', runType.options, spaced, type),
      },
    };
  },
});

const run = page({
  path: '/runs/{run}',
  async handle({ routes, params, may }) {
    const found = await routes.get<Run>('/runs/{run}', { params });
    const names = await siteNames(routes, [found.site]);
    const open = OPEN_STATES.includes(found.state);
    const on = found.site === null ? {} : { site: found.site };
    const its = RUN_ACTION[found.type];
    return {
      template: 'run', title: `${spaced(found.type)}: ${runRow(found, names).about.text}`,
      data: {
        run: runRow(found, names), site: found.site === null ? null : { id: found.site, name: names.get(found.site) ?? found.site },
        open, every: open ? 1_000 : null, steps: stepsOf(found), progressTone: found.state === 'completed' ? 'good' : open ? '' : 'bad',
        mayCancel: open && !found.cancelRequested && NOTHING_TO_CANCEL[found.type] === undefined && may('run:cancel', on),
        mayRetry: ['failed', 'cancelled', 'compensated'].includes(found.state) && may('run:retry', on) && its !== undefined && may(its, on),
      },
    };
  },
});

const cancel = action({
  path: '/runs/{run}/cancel', from: run,
  async handle({ routes, params }) {
    await routes.send('POST', '/runs/{run}/cancel', { params });
    return { redirect: saying('cancelled', path`/runs/${params.run!}`) };
  },
});

const retry = action({
  path: '/runs/{run}/retry', from: run,
  async handle({ routes, params }) {
    const { body } = await routes.send<Run>('POST', '/runs/{run}/retry', { params });
    return { redirect: path`/runs/${body.id}` };
  },
});

/** What was done, in its order; then, while it goes on, what is still to come. */
function stepsOf({ type, state, steps }: Run) {
  const done = steps.map((step) => ({ ...step, ...statusOf(step.state), label: spaced(step.name) }));
  if (!OPEN_STATES.includes(state)) return done;
  const begun = new Set(steps.map(({ name }) => name));
  const coming = STEPS[type].filter((name) => !begun.has(name));
  return [...done, ...coming.map((name) => ({ name, label: spaced(name), message: null, startedAt: null, endedAt: null, tone: 'idle', symbol: 'dot' }))];
}

export const runPages = [runs, run, cancel, retry];
