/** What a page shows beside what it usually does. */
import type { Page } from 'playwright-core';
import type { TestPerson } from '../../api/people.ts';

export interface State {
  /** As a picture's file is called. */
  readonly name: string;
  readonly url: string;
  /** Null: nobody is signed in. */
  readonly who: TestPerson | null;
  /** One that docs/screenshots has. */
  readonly picture?: true;
  show(page: Page): Promise<unknown>;
}

/** States that this person sees: by the page's path, or by what is done until it shows. */
export const seenBy = (url: string, who: TestPerson | null) => (name: string, show: State['show'] | string): State =>
  ({ name, who, url, show: typeof show === 'string' ? (page) => page.goto(show) : show });

/** What no words are: other ones might make a good password. */
const BAD: Readonly<Record<string, string>> = { number: '-5', password: '!' };

/** Fill in what nobody takes, and send it beside what the browser itself checks; then it says so. */
export async function refused(page: Page, path: string, words: string): Promise<void> {
  await page.goto(path);
  const form = page.locator('main form[method=post]').filter({ has: page.locator('input:not([type=hidden]), textarea, select') }).first();
  await form.evaluate((form) => { (form as unknown as { noValidate: boolean }).noValidate = true; });
  for (const field of await form.locator('input:not([type=hidden]):not([type=checkbox]):not([type=datetime-local]), textarea').all()) {
    if (await field.isVisible()) await field.fill(BAD[await field.getAttribute('type') ?? ''] ?? words);
  }
  await form.evaluate((form) => (form as unknown as { requestSubmit(): void }).requestSubmit());
  await page.locator('[role=alert], .wrong').first().waitFor();
}

/** Go there, type into fields by their labels, press a button, and wait for what is shown then. */
export const pressed = (path: string, button: string, until: string, fields: Readonly<Record<string, string>> = {}) => async (page: Page): Promise<void> => {
  await page.goto(path);
  for (const [label, text] of Object.entries(fields)) await page.getByLabel(label).fill(text);
  await page.locator('main').getByRole('button', { name: button, exact: true }).click();
  await page.locator(until).first().waitFor();
};
