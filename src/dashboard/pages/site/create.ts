import type { PlatformSettings } from '../../../domain/desired.ts';
import type { Site } from '../../../domain/resources/site.ts';
import { path } from '../../address.ts';
import { typed } from '../../form.ts';
import { action, page } from '../../page.ts';
import { part } from '../../parts.ts';
import { releaseChoices } from '../../release-choices.ts';
import { settingsFields, settingsFrom } from './fields.ts';

const createPage = page({
  path: '/sites/new',
  async handle({ routes, may, must }) {
    must('site:create');
    const [releases, settings] = await Promise.all([
      part(releaseChoices(routes)), part(routes.get<PlatformSettings>('/settings')),
    ]);
    const ready = releases.ok ? releases.value : { options: [], hint: undefined };
    return {
      template: 'site-new', title: 'Create a site',
      data: {
        baseDomain: settings.ok ? settings.value.baseDomain : null, none: releases.ok && ready.options.length === 0, fields: settingsFields({}), mayBind: may('hostname:bind'),
        releases: [{ value: '', label: 'The newest that is ready' }, ...ready.options], releasesHint: ready.hint,
        stores: [{ value: 'directory', label: 'A directory that the containers share' }, { value: 's3', label: 'An S3 bucket' }],
      },
    };
  },
});

const create = action({
  path: '/sites/new', from: createPage,
  async handle({ routes, form }) {
    const { body, run } = await routes.send<Site>('POST', '/sites', {
      body: {
        name: form.name ?? '', owner: typed(form.owner), release: typed(form.release), store: typed(form.store),
        hostnames: (form.hostnames ?? '').split(/\s+/).filter(Boolean).map((hostname) => ({ hostname })),
        settings: settingsFrom(form),
      },
    });
    return { redirect: run === undefined ? path`/sites/${body.id}` : path`/runs/${run}` };
  },
});

export const createPages = [createPage, create];
