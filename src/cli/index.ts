/** The command line of people and scripts: it talks to the API, and to this machine where there is nothing else to ask. */
import type { Command } from 'commander';
import { inheritUsage } from './usage.ts';

type Add = (program: Command) => void;

/** Each file's commands, with their aliases, in the order in which the help lists them. */
const COMMANDS: readonly (readonly [words: readonly string[], load: () => Promise<Add>])[] = [
  [['status'], async () => (await import('./status.ts')).addStatus],
  [['why'], async () => (await import('./why.ts')).addWhy],
  [['site', 'sites'], async () => (await import('./site/index.ts')).addSite],
  [['host', 'hosts'], async () => (await import('./host.ts')).addHost],
  [['health'], async () => (await import('./health.ts')).addHealth],
  [['container', 'containers'], async () => (await import('./container.ts')).addContainer],
  [['release', 'releases'], async () => (await import('./release/index.ts')).addRelease],
  [['run', 'runs'], async () => (await import('./run/index.ts')).addRun],
  [['settings'], async () => (await import('./settings.ts')).addSettings],
  [['user', 'users'], async () => (await import('./user.ts')).addUser],
  [['team', 'teams'], async () => (await import('./team.ts')).addTeam],
  [['role', 'roles'], async () => (await import('./role.ts')).addRole],
  [['grant', 'grants'], async () => (await import('./grant.ts')).addGrant],
  [['token', 'tokens'], async () => (await import('./token.ts')).addToken],
  [['approval', 'approvals'], async () => (await import('./approval.ts')).addApproval],
  [['incident', 'incidents', 'remediation', 'remediations'], async () => (await import('./incident.ts')).addIncident],
  [['platform'], async () => (await import('./platform.ts')).addPlatform],
  [['alert', 'alerts'], async () => (await import('./alert/index.ts')).addAlert],
  [['apply'], async () => (await import('./apply/index.ts')).addApply],
  [['events'], async () => (await import('./events.ts')).addEvents],
  [['audit'], async () => (await import('./audit.ts')).addAudit],
  [['login', 'logout'], async () => (await import('./login/index.ts')).addLogin],
  [['doctor', 'open'], async () => (await import('./doctor.ts')).addLocal],
  // Completes all of them, and so is no word of its own.
  [[], async () => (await import('./completion.ts')).addCompletion],
];

/**
 * Adds the commands of people and scripts to the program. Each sets `process.exitCode` by kind of failure (`ERRORS`
 * in src/domain/errors.ts; 2 for a command line that cannot be read, 130 for Ctrl-C) and throws nothing. Call it
 * after the parts' own verbs were added, and then `program.parseAsync()`.
 *
 * @param word the first of the command line: its own file alone is loaded then, which halves what a command costs. All
 *   are where it names none of them, since help, suggestions and completion tell of all.
 */
export async function buildCommandLine(program: Command, word?: string): Promise<void> {
  const isPart = program.commands.some((command) => command.name() === word);
  const own = COMMANDS.filter(([words]) => word !== undefined && words.includes(word));
  const wanted = isPart ? [] : own.length > 0 ? own : COMMANDS;
  for (const add of await Promise.all(wanted.map(([, load]) => load()))) add(program);
  inheritUsage(program);
}
