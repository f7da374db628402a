/** The agent's process, as the supervisor starts it: `node main.ts <config file>`. */
import { runAgent } from './agent.ts';

await runAgent(process.argv[2] ?? '');
