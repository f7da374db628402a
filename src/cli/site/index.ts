import type { Command } from 'commander';
import { addCreate } from './create.ts';
import { addEnv } from './env.ts';
import { addExec } from './exec.ts';
import { addLife } from './life.ts';
import { addList } from './list.ts';
import { addLogin } from './login.ts';
import { addLogs } from './logs.ts';
import { addSet } from './set.ts';

/** `reeve site …`. */
export function addSite(program: Command): void {
  const site = program.command('site').alias('sites').description('create, show and change sites');
  addList(site);
  addCreate(site);
  addSet(site);
  addLife(site);
  addLogin(site);
  addEnv(site);
  addExec(site);
  addLogs(site);
}
