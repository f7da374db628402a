/** The way around: what is shown to whom. */
import { type Action, type Grantee, reach } from '../domain/permission.ts';

interface Place {
  readonly href: string;
  readonly label: string;
  readonly symbol: string;
  /** Shown to whoever may do this anywhere. */
  readonly action: Action;
}

/** By what one does: look after sites; look after the cluster; look after people. */
const PLACES: readonly { readonly heading: string; readonly places: readonly Place[] }[] = [
  {
    heading: 'Sites',
    places: [
      { href: '/', label: 'Overview', symbol: 'home', action: 'site:read' },
      { href: '/sites', label: 'Sites', symbol: 'sites', action: 'site:read' },
      { href: '/runs', label: 'Runs', symbol: 'runs', action: 'run:read' },
    ],
  },
  {
    heading: 'Cluster',
    places: [
      { href: '/containers', label: 'Containers', symbol: 'container', action: 'container:read' },
      { href: '/incidents', label: 'Incidents', symbol: 'incident', action: 'incident:read' },
      { href: '/approvals', label: 'Approvals', symbol: 'approval', action: 'approval:read' },
      { href: '/releases', label: 'Releases & databases', symbol: 'release', action: 'release:read' },
    ],
  },
  {
    heading: 'Platform',
    places: [
      { href: '/events', label: 'Events & audit', symbol: 'events', action: 'event:read' },
      { href: '/people', label: 'People', symbol: 'people', action: 'user:read' },
      { href: '/settings', label: 'Settings', symbol: 'settings', action: 'settings:read' },
    ],
  },
];

/** Whether they may do it somewhere: on the platform, or on one site. */
export function mayAnywhere(grantee: Grantee, action: Action): boolean {
  const where = reach(grantee, action, new Date());
  return where === 'everywhere' || where.length > 0;
}

/** The groups and places that this person may open; the one they are in is marked. */
export function navFor(grantee: Grantee, path: string) {
  const within = (href: string) => path === href || (href !== '/' && path.startsWith(`${href}/`));
  return PLACES
    .map(({ heading, places }) => ({
      heading, places: places.filter(({ action }) => mayAnywhere(grantee, action)).map((place) => ({ ...place, current: within(place.href) })),
    }))
    .filter(({ places }) => places.length > 0);
}
