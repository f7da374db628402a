/** What the other containers say of a hostname, in SQL: what is broken there anyhow says nothing of this one. */

/**
 * Whether a container serves this rev of a site, or of what is a site's: it cannot answer yet for what came since it was last
 * heard of. Null where there is no such container.
 * @param site  the site's id, in SQL, as the others
 */
export const followed = (site: string, rev: string, container: string) =>
  `(select c.observed_generation >= ${rev} and not c.waiting_on @> jsonb_build_array(jsonb_build_object('on', 'vassal', 'site', ${site}))
    from container c where c.id = ${container})`;

/**
 * Whether it is well in another container that is ready and alive, by that one's present start: false where all that know
 * say that it is down, null where none knows.
 * @param of  what has the columns `hostname` and `site`
 * @param container  this one's id, in SQL
 */
export const wellElsewhere = (of: string, container: string) =>
  `(select bool_or(e.verdict <> 'down') from latest_probe e
      join container o on o.id = e.container and o.incarnation = e.incarnation and o.role = 'site' and o.wanted = 'running' and o.state = 'ready'
        and o.lease_expires_at > clock_timestamp()
    where e.site = ${of}.site and e.hostname = ${of}.hostname and e.verdict <> 'unknown' and o.id <> ${container})`;
