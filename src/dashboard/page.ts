/** What a page is: one value, from which the router, the navigation and the tests that walk all pages follow. */
import type { Request, Response } from 'express';
import type { Authenticated } from '../api/authenticate.ts';
import type { Deps } from '../api/deps.ts';
import type { Action, Resource } from '../domain/permission.ts';
import type { Fields } from './form.ts';
import type { Refused } from './refused.ts';
import type { Routes } from './routes.ts';

/** One request of a page that anyone may open. */
export interface OpenView {
  readonly deps: Deps;
  readonly request: Request;
  readonly response: Response;
  /** Null: not signed in. */
  readonly who: Authenticated | null;
  readonly params: Readonly<Record<string, string>>;
  /** The first value of each. */
  readonly query: Readonly<Record<string, string>>;
  /** Empty but for POST. */
  readonly form: Fields;
  /** What a form that was refused had in it, and why; the page is shown again with it. */
  readonly refused?: Refused | undefined;
}

/** One request of somebody who is signed in. */
export interface View extends OpenView {
  readonly who: Authenticated;
  /** The API's routes, as this person. */
  readonly routes: Routes;
  /** Whether a button is shown; the route behind it asks again. */
  may(action: Action, resource?: Resource): boolean;
  /** For a page that is one form: whoever may not send it is told so before they fill it in. @throws ReeveError `forbidden` */
  must(action: Action, resource?: Resource): void;
}

export interface Shown {
  /** A file of templates/dashboard without its ending. */
  readonly template: string;
  readonly title: string;
  /** By the names that the template uses; `now` (the time), `refused` and `shell` are given to each. */
  readonly data?: object;
  readonly status?: number;
}

/** Where to go next. Forms end in it (303), so that going back or loading again sends nothing twice. */
export interface Redirect {
  readonly redirect: string;
}

/** `answered`: the page has answered by itself (a stream, a file). */
export type PageReply = Shown | Redirect | { readonly answered: true };

interface Common {
  /** As a route's: `/sites/{site}`. */
  readonly path: string;
}

export interface Page extends Common {
  readonly method: 'GET' | 'POST';
  /** Also for those who are not signed in. */
  readonly open: boolean;
  /** POST: the page that a refused form comes from. */
  readonly from?: Page;
  /** How long it may take, where that is more than usual. */
  readonly longestMs?: number;
  handle(view: View): Promise<PageReply>;
}

/** A page that people look at. */
export function page(definition: Common & Pick<Page, 'longestMs'> & { handle(view: View): Promise<PageReply> }): Page {
  return { ...definition, method: 'GET', open: false };
}

/**
 * What a form does. A refusal shows `from` again with what was typed; without it, a page of the error.
 */
export function action(definition: Common & Pick<Page, 'from' | 'longestMs'> & { handle(view: View): Promise<PageReply> }): Page {
  return { ...definition, method: 'POST', open: false };
}

/** The same two for anyone: signing in, invitations, resets. */
export function openPage(definition: Common & { handle(view: OpenView): Promise<PageReply> }): Page {
  return { ...definition, method: 'GET', open: true };
}

export function openAction(definition: Common & { from?: Page; handle(view: OpenView): Promise<PageReply> }): Page {
  return { ...definition, method: 'POST', open: true };
}
