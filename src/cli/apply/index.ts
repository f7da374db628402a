import type { Command } from 'commander';
import { act, type CommonOptions, talks } from '../context.ts';

export interface ApplyOptions extends CommonOptions {
  readonly file: string;
  readonly dryRun?: boolean;
  readonly renewEnv?: boolean;
  readonly yes?: boolean;
}

/** `reeve apply`: what a file wants, made so. */
export function addApply(program: Command): void {
  talks(program.command('apply').description('make the platform as a file describes it; a second time does nothing'))
    .requiredOption('-f, --file <file>', 'the file, or - for stdin')
    .option('--dry-run', 'show what would be done, and do nothing')
    .option('--renew-env', 'set every variable that the file names, not only those that are missing')
    .option('-y, --yes', 'do not ask before something is taken away')
    .option('--timeout <duration>', 'stop waiting for a step after this long; its run goes on')
    .addHelpText('after', `
What the file leaves out stays as it is. Only what stands under \`absent\` is taken away.
Values of variables never come back from the platform, so a changed value needs --renew-env.

Example, platform.yaml:
  settings:
    ownership: none
  sites:
    alpha:
      settings: {processes: 2}
      env:
        EMAIL_HOST: mail.example.org
        EMAIL_PASSWORD: {fromEnv: ALPHA_EMAIL_PASSWORD}
        SIGNING_KEY: {fromFile: secrets/alpha.pem}
      hostnames:
        www.example.org: primary
        example.org: {role: redirect, https: redirect}
  absent:
    sites: [old]
    hostnames: [old.example.org]

Examples:
  reeve apply -f platform.yaml --dry-run
  reeve apply -f platform.yaml`)
    .action(act<[], ApplyOptions>(async (context, options) => (await import('./apply.ts')).apply(context, options)));
}
