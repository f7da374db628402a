import type { OneTimeLink } from '../../../domain/resources/people.ts';
import { hereOf } from '../../here.ts';
import type { PageReply, View } from '../../page.ts';
import { peopleTabs } from './tabs.ts';

/** A link that is good once, shown once: so the form that made it ends in no redirect. */
export function showLink(view: View, link: OneTimeLink, words: { heading: string; text: string; mailed?: boolean; back: string }): PageReply {
  return { template: 'people-link', title: words.heading, data: { ...words, link: { ...link, url: hereOf(view) + link.path }, tabs: peopleTabs(view, '/people') } };
}
