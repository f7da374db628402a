/** The platform’s own tokens, and everybody’s: for whoever may see and end them. */
import type { Page as List } from '../../../domain/resources/common.ts';
import type { CreatedToken, Token } from '../../../domain/resources/people.ts';
import { columnsOf } from '../../columns.ts';
import { hereOf } from '../../here.ts';
import { action, page } from '../../page.ts';
import { pagingOf } from '../../parts.ts';
import { saying } from '../../said.ts';
import { TOKEN_COLUMNS, tokenForm, tokenFrom, tokenRows } from '../../token-form.ts';
import { peopleTabs } from './tabs.ts';

const list = page({
  path: '/people/tokens',
  async handle(view) {
    const { routes, query, may } = view;
    const { sort = '-created', cursor } = query;
    const tokens = await routes.get<List<Token>>('/tokens', { query: { sort, cursor } });
    return {
      template: 'people-tokens', title: 'Tokens',
      data: {
        tokens: await tokenRows(routes, tokens.items), columns: columnsOf('/people/tokens', query, sort, TOKEN_COLUMNS), paging: pagingOf('/people/tokens', query, tokens), mayCreate: may('token:create'), tabs: peopleTabs(view, '/people/tokens'),
      },
    };
  },
});

const fresh = page({
  path: '/people/tokens/new',
  async handle(view) {
    view.must('token:create');
    return { template: 'people-token-new', title: 'Make a token', data: { ...(await tokenForm(view)), tabs: peopleTabs(view, '/people/tokens') } };
  },
});

/** Shown once, and kept nowhere: so this form does not end in a redirect. */
const make = action({
  path: '/people/tokens/new', from: fresh,
  async handle(view) {
    const { body } = await view.routes.send<CreatedToken>('POST', '/tokens', { body: tokenFrom(view.form) });
    return { template: 'people-token', title: 'A new token', data: { made: body, here: hereOf(view), tabs: peopleTabs(view, '/people/tokens') } };
  },
});

const revoke = action({
  path: '/people/tokens/revoke', from: list,
  async handle({ routes, form }) {
    await routes.send('DELETE', '/tokens/{token}', { params: { token: form.which ?? '' } });
    return { redirect: saying('token-revoked', '/people/tokens') };
  },
});

export const tokenPages = [list, fresh, make, revoke];
