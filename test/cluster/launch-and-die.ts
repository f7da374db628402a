/** A control worker that is killed as soon as its container runs. */
import { createProcessDriver } from '../../src/cluster/process.ts';

const { local, id, command } = JSON.parse(process.argv[2]!);
await createProcessDriver({ local, command }).launch({ id, role: 'site' }, `slot-${id}`);
process.kill(process.pid, 'SIGKILL');
