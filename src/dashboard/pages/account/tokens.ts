import type { Page as List } from '../../../domain/resources/common.ts';
import type { CreatedToken, Token } from '../../../domain/resources/people.ts';
import { columnsOf } from '../../columns.ts';
import { hereOf } from '../../here.ts';
import { action, page } from '../../page.ts';
import { pagingOf } from '../../parts.ts';
import { saying } from '../../said.ts';
import { TOKEN_COLUMNS, tokenForm, tokenFrom, tokenRows } from '../../token-form.ts';
import { accountTabs } from './tabs.ts';

const tokens = page({
  path: '/account/tokens',
  async handle({ routes, query }) {
    const { sort = '-created', cursor } = query;
    const list = await routes.get<List<Token>>('/me/tokens', { query: { sort, cursor } });
    return {
      template: 'account-tokens', title: 'Tokens',
      data: { tokens: await tokenRows(routes, list.items), columns: columnsOf('/account/tokens', query, sort, TOKEN_COLUMNS), paging: pagingOf('/account/tokens', query, list), tabs: accountTabs('/account/tokens') },
    };
  },
});

const fresh = page({
  path: '/account/tokens/new',
  async handle(view) {
    return { template: 'account-token-new', title: 'Make a token', data: { ...(await tokenForm(view, { owner: 'Everything that you may' })), tabs: accountTabs('/account/tokens/new') } };
  },
});

/** Shown once, and kept nowhere: so this form does not end in a redirect. */
const make = action({
  path: '/account/tokens/new', from: fresh,
  async handle(view) {
    const { body } = await view.routes.send<CreatedToken>('POST', '/me/tokens', { body: tokenFrom(view.form) });
    return { template: 'account-token', title: 'A new token', data: { made: body, here: hereOf(view), tabs: accountTabs('/account/tokens') } };
  },
});

const revoke = action({
  path: '/account/tokens/revoke', from: tokens,
  async handle({ routes, form }) {
    await routes.send('DELETE', '/me/tokens/{token}', { params: { token: form.which ?? '' } });
    return { redirect: saying('token-revoked', '/account/tokens') };
  },
});

export const tokenPages = [tokens, fresh, make, revoke];
