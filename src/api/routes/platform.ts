import { z } from 'zod';
import { readPlatform } from '../../database/read/platform.ts';
import { readTraffic } from '../../database/read/traffic.ts';
import { readPlatformSettings } from '../../database/read/platform-settings.ts';
import { pausePlatform } from '../../database/requests/pause-platform.ts';
import { settingsTag, updateSettings } from '../../database/requests/update-settings.ts';
import { platformSchema, platformSettingsSchema, shownSettings, trafficSchema, updateSettingsSchema } from '../../domain/resources/platform.ts';
import { route } from '../route.ts';

const tag = 'Platform';

export const platformRoutes = [
  route({
    method: 'GET', path: '/platform', action: 'platform:read', tag, summary: 'The platform at a glance', status: 200,
    answer: platformSchema,
    handle: async ({ db }) => ({ body: await readPlatform(db) }),
  }),
  route({
    method: 'GET', path: '/platform/traffic', action: 'platform:read', tag, summary: 'Visitors’ requests a second, over the last minutes', status: 200,
    query: z.strictObject({ minutes: z.coerce.number().int().min(10).max(1_440).default(60) }), answer: trafficSchema,
    handle: async ({ db, query: { minutes } }) => ({ body: { points: await readTraffic(db, minutes) } }),
  }),
  ...([['pause', true, 'Do nothing about incidents by itself, until it is resumed'], ['resume', false, 'Act about incidents again']] as const)
    .map(([verb, paused, summary]) => route({
      method: 'POST', path: `/platform/${verb}`, action: `platform:${verb}`, tag, summary, status: 200, answer: platformSchema,
      async handle({ db, actor }) {
        await pausePlatform({ db, actor }, paused);
        return { body: await readPlatform(db) };
      },
    })),
  route({
    method: 'GET', path: '/settings', action: 'settings:read', tag, summary: 'The platform’s settings', status: 200,
    answer: platformSettingsSchema,
    async handle({ db }) {
      const settings = await readPlatformSettings(db);
      return { body: shownSettings(settings), etag: settingsTag(settings) };
    },
  }),
  route({
    method: 'PATCH', path: '/settings', action: 'settings:update', tag, summary: 'Change some of them', status: 200,
    body: updateSettingsSchema, answer: platformSettingsSchema, ifMatch: true,
    async handle({ db, body, ifMatch, actor }) {
      const settings = await updateSettings({ db, actor }, ifMatch!, body);
      return { body: shownSettings(settings), etag: settingsTag(settings) };
    },
  }),
];
