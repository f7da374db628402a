/** Letting a command line in (`reeve login`): whoever is signed in here reads the same code there. */
import { letDeviceIn, waitingDevice } from '../../../database/sign-in/devices.ts';
import { ReeveError } from '../../../domain/errors.ts';
import { action, page } from '../../page.ts';
import { saying } from '../../said.ts';

const device = page({
  path: '/sign-in/device',
  async handle({ deps, query, refused, who }) {
    const code = query.code ?? refused?.values.which;
    const waiting = code ? await waitingDevice(deps.pool, code) : null;
    return { template: 'sign-in-device', title: 'Let a command line in', data: { code, waiting, missing: code !== undefined && !waiting, person: who.user } };
  },
});

const letIn = action({
  path: '/sign-in/device', from: device,
  async handle({ deps, form, who }) {
    if (!who.user || !who.session) throw new ReeveError('forbidden', 'only somebody who is signed in here can let a command line in');
    await letDeviceIn(deps.pool, form.which ?? '', who.user.id, who.actor);
    return { redirect: saying('let-in', '/sign-in/device') };
  },
});

export const devicePages = [device, letIn];
