/** `reeve login` and `reeve logout`: a token of the person's own for this machine, which ends by itself. */
import { hostname, userInfo } from 'node:os';
import type { Command } from 'commander';
import type { Client, createClient } from '../../api/client.ts';
import { isReeveError, ReeveError } from '../../domain/errors.ts';
import { checkAddress, readAccess } from '../connection.ts';
import { act, type CommonOptions, type Context } from '../context.ts';
import { fields } from '../output/table.ts';
import type { CreatedToken } from '../resources.ts';
import { readText } from '../stdin.ts';
import { ask } from './ask.ts';
import { byBrowser } from './browser.ts';
import { readLogins, withLogin, withoutLogin, writeLogins } from './store.ts';

interface LoginOptions extends CommonOptions {
  readonly email?: string;
  readonly passwordFile?: string;
  readonly code?: string;
  readonly name?: string;
  readonly browser?: boolean;
}

export function addLogin(program: Command): void {
  program.command('login').description('sign in, so that commands on this machine act as you; by the browser, or by e-mail and password')
    .argument('[address]', 'the platform’s, like https://reeve.example.org (else REEVE_API, else the platform on this machine)')
    .option('--email <email>', 'by password instead of the browser; it is asked for')
    .option('--password-file <file>', 'a file with the password, - is stdin')
    .option('--code <code>', 'the one-time code, where you have set that up')
    .option('--name <name>', 'what to call this machine’s token (else you@host)')
    .option('--no-browser', 'only say which page to open')
    .option('--json', 'print what was made as JSON, without the token')
    .option('-q, --quiet', 'print nothing but errors')
    .addHelpText('after', '\nExamples:\n  reeve login https://reeve.example.org\n  reeve login --email ada@example.org')
    .action(act<[string | undefined], LoginOptions>(async (context, given, options) => {
      const api = checkAddress(given ?? process.env.REEVE_API ?? readAccess()?.api ?? nowhere());
      const { createClient } = await import('../../api/client.ts');
      // Nobody yet: these routes take no token.
      const client = createClient({ api, token: 'none' });
      const name = options.name ?? `${userInfo().username}@${hostname()}`;
      const made = options.email === undefined ? await byBrowser(context, client, api, name, options.browser !== false)
        : await byPassword(context, client, options.email, name, options);
      await keep(context, createClient, api, made);
    }));

  program.command('logout').description('end this machine’s token, and forget it')
    .argument('[address]', 'the platform’s (else the one that was logged in to last)')
    .option('--json', 'print what was ended as JSON')
    .option('-q, --quiet', 'print nothing but errors')
    .addHelpText('after', '\nExample:\n  reeve logout')
    .action(act<[string | undefined]>(async (context, given) => {
      const kept = readLogins();
      const api = given === undefined ? kept.current : checkAddress(given);
      const login = api === null ? undefined : kept.logins[api];
      if (api === null || !login) throw new ReeveError('not-found', `nobody is logged in${api === null ? '' : ` to ${api}`}`);
      const { createClient } = await import('../../api/client.ts');
      // Ended there first: forgotten here alone it would go on for whoever copied it.
      await createClient({ api, token: login.token }).request('DELETE', `/me/tokens/${login.id}`).catch((error) => {
        if (!isReeveError(error, 'unauthenticated') && !isReeveError(error, 'not-found')) throw error;
      });
      writeLogins(withoutLogin(kept, api));
      if (context.terminal.json) return context.terminal.printJson({ api, email: login.email });
      context.terminal.note(`${login.email} is logged out of ${api}`);
    }));
}

function nowhere(): never {
  throw new ReeveError('bad-request', 'say where: reeve login https://reeve.example.org');
}

async function byPassword(context: Context, client: Client, email: string, name: string, options: LoginOptions): Promise<CreatedToken> {
  const password = options.passwordFile === undefined ? await askHidden(context, 'password') : (await readText(options.passwordFile)).replace(/\r?\n$/, '');
  const send = (code: string | undefined) => client.request<CreatedToken>('POST', '/sign-in/token', { body: { email, password, code, name } });
  try {
    return await send(options.code);
  } catch (error) {
    if (!isReeveError(error, 'unauthenticated') || error.fields.codeNeeded !== true || options.code !== undefined) throw error;
    return await send(await askHidden(context, 'one-time code', false));
  }
}

async function askHidden({ terminal }: Context, what: string, hidden = true): Promise<string> {
  if (terminal.askable) return await ask(`${what}: `, hidden);
  throw new ReeveError('bad-request', what === 'password' ? 'nobody can be asked here: give --password-file' : 'a one-time code is asked for: give --code');
}

async function keep({ terminal }: Context, connect: typeof createClient, api: string, { token, id, expiresAt }: CreatedToken): Promise<void> {
  const me = await connect({ api, token }).request('GET', '/me');
  const email: string = me.user.email;
  writeLogins(withLogin(readLogins(), api, { token, id, email, expiresAt }));
  if (terminal.json) return terminal.printJson({ api, email, token: id, expiresAt });
  terminal.note(`logged in to ${api} as ${email}; commands on this machine act as you`);
  if (!terminal.quiet) terminal.print(fields([['api', api], ['as', email], ['until', expiresAt]]));
}

