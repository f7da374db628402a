-- Hostnames that are down by a sweep that still counts. By latest_probe's own verdict first, which has an index on the few
-- bad ones; health then says whether it is fresh.
create view down_now as
  select h.site, h.hostname, h.container, h.reason, h.since
  from latest_probe l join health h on h.container = l.container and h.hostname = l.hostname
  where l.verdict = 'down' and h.verdict = 'down';
