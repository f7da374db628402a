/** What every ClusterDriver keeps, asked through its interface alone. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterDriver, ContainerInfo } from '../../src/cluster/driver.ts';
import { makeId } from '../../src/domain/id.ts';
import { beforeNextLook } from '../local/wait.ts';

export interface DriverUnderTest {
  /** A driver for the same engine, as a control worker that has just started makes one. */
  open(): ClusterDriver;
  /** End the container as a power cut would, behind the driver's back. */
  kill(id: string): Promise<void>;
  /** What the engine still has of the container: names of files, processes, ports; empty when nothing. */
  leftovers(id: string): Promise<string[]>;
}

export const containerId = () => makeId('c', randomBytes(9));

export function driverContract(name: string, under: () => DriverUnderTest): void {
  const site = (id: string) => ({ id, role: 'site' as const });
  // Before a container has joined, any incarnation is meant.
  const ended = async (id: string) => {
    await under().open().end({ id, incarnation: 0 });
    assert.deepEqual(await under().leftovers(id), []);
  };

  test(`${name}: a launched container runs, is found by a driver that did not launch it, and ends without a trace`, async () => {
    const id = containerId();
    const launched = await under().open().launch(site(id), `slot-${id}`);
    assert.deepEqual({ id: launched.id, role: launched.role, slot: launched.slot, running: launched.running },
      { id, role: 'site', slot: `slot-${id}`, running: true });
    const later = under().open();
    assert.equal((await later.inspect(id))?.running, true);
    assert.ok((await later.list()).some((one) => one.id === id && one.running));
    await later.drain({ id, incarnation: 0 });
    assert.equal((await later.inspect(id))?.running, true);
    await ended(id);
    assert.equal(await later.inspect(id), null);
    assert.ok(!(await later.list()).some((one) => one.id === id));
  });

  test(`${name}: launched many times at once with one key, it is one container`, async () => {
    const id = containerId();
    const before = (await under().open().list()).length;
    await Promise.all([1, 2, 3, 4, 5].map(() => under().open().launch(site(id), `slot-${id}`)));
    await under().open().launch(site(id), `slot-${id}`);
    assert.equal((await under().open().list()).length, before + 1);
    await ended(id);
  });

  test(`${name}: a key belongs to one container, and a container to one key`, async () => {
    const [one, two] = [containerId(), containerId()];
    await under().open().launch(site(one), `slot-${one}`);
    await assert.rejects(under().open().launch(site(two), `slot-${one}`), { type: 'conflict' });
    await assert.rejects(under().open().launch(site(one), `slot-${two}`), { type: 'conflict' });
    assert.deepEqual(await under().leftovers(two), []);
    await ended(one);
  });

  test(`${name}: one that died is listed as not running, starts again with its key, and can be ended`, async () => {
    const id = containerId();
    const driver = under().open();
    await driver.launch(site(id), `slot-${id}`);
    await under().kill(id);
    await until(async () => (await driver.inspect(id))?.running === false);
    await driver.launch(site(id), `slot-${id}`);
    assert.equal((await driver.inspect(id))?.running, true);
    await under().kill(id);
    await until(async () => (await driver.inspect(id))?.running === false);
    await ended(id);
  });

  test(`${name}: ending twice, or at once, or what never was, is ending once`, async () => {
    const id = containerId();
    await under().open().launch(site(id), `slot-${id}`);
    await Promise.all([1, 2].map(() => under().open().end({ id, incarnation: 0 })));
    await ended(id);
    await ended(containerId());
    assert.equal(await under().open().inspect(containerId()), null);
  });

  test(`${name}: several containers do not get in each other's way`, async () => {
    const ids = [containerId(), containerId(), containerId()];
    await Promise.all(ids.map((id) => under().open().launch(site(id), `slot-${id}`)));
    await under().open().end({ id: ids[0]!, incarnation: 0 });
    const running = (await under().open().list()).filter((one: ContainerInfo) => ids.includes(one.id) && one.running);
    assert.deepEqual(running.map((one) => one.id).sort(), ids.slice(1).sort());
    await ended(ids[1]!);
    await ended(ids[2]!);
  });
}

/** Asks until it is so; the runner's own limit ends a test that never is. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  for (const begun = Date.now(); !(await condition()); ) await delay(beforeNextLook(begun));
}
