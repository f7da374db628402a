import { setTimeout as delay } from 'node:timers/promises';
import { endLeftovers } from '../../agent/supervise/pids.ts';
import type { ClusterDriver } from '../../cluster/driver.ts';
import type { LocalFile } from '../../cluster/local-file.ts';
import { filesOf, readProcessFile } from '../../cluster/process-files.ts';
import { isRunning, signalProcess } from '../../process/identity.ts';

/** Longer than a supervisor takes in all (draining, nginx, the emperor, the agent). */
const LONGEST_MS = 65_000;

/**
 * Stop every container and the edge, and keep what they had: the platform still wants them, and the next start finds
 * them with their last known good state.
 */
export async function stopContainers(local: LocalFile, driver: ClusterDriver): Promise<void> {
  const all = (await driver.list()).map((one) => filesOf(local, one.id));
  const supervisors = all.flatMap((files) => readProcessFile(files) ?? []);
  const told = supervisors.filter((supervisor) => signalProcess(supervisor, 'SIGINT'));
  const deadline = Date.now() + LONGEST_MS;
  while (told.some(isRunning) && Date.now() < deadline) await delay(50);
  for (const supervisor of told) signalProcess(supervisor, 'SIGKILL');
  // A supervisor that was killed before has left its siblings running, each leading a group of its own.
  for (const files of all) await endLeftovers(files.root);
}
