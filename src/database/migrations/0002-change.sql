-- A row as it is kept in the audit.
create function auditable(p_row jsonb) returns jsonb language sql immutable as $$
  -- Without what is secret: variables (encrypted, but still), and the password in an address of a cache.
  select case when p_row #>> '{settings,cacheUrl}' is null then p_row - 'env'
    else jsonb_set(p_row - 'env', '{settings,cacheUrl}',
      to_jsonb(regexp_replace(p_row #>> '{settings,cacheUrl}', '(://[^@/:]*:)[^@/]+@', '\1***@'))) end;
$$;

-- change(): the one way in which desired state changes. One transaction: it raises the generation (that row's lock
-- orders all changes), writes the rows with that rev, the event, the audit rows, the run with its locks, and notifies.
--
--   { "actor": {"kind","id","name"}, "type": "hostname.bound", "metadata": {identities only},
--     "reason"?: text, "run"?: id of the run on whose behalf this is, "approval"?: id,
--     "writes": [ {"table", "op": "insert" | "update" | "delete" | "check", "key": {…}, "values"?: {…}, "expect"?: {…}} ],
--     "request"?: {"id","type","subject","site"?,"input", "locks": [{"subject","mode"}]} | [ … ] }
--   → { "epoch", "generation", "rows": [row after each write] }
--
-- expect holds what the row must contain (jsonb containment; an array means any of these values). "check" only looks:
-- for a request whose workflow will write the row later.
-- Errors carry a state of their own and JSON in their detail:
--   RV001 not found   RV002 not as expected   RV003 busy: detail.run holds it   RV004 needs an approval
--   RV005 the run that asks is not running (superseded)
create function change(p jsonb) returns jsonb language plpgsql as $$
declare
  v_platform platform;
  v_generation bigint;
  v_write jsonb;
  v_table text;
  v_op text;
  v_key text;
  v_id text;
  v_before jsonb;
  v_after jsonb;
  v_expect record;
  v_rows jsonb := '[]';
  v_columns text;
  v_request jsonb;
  v_removed text[] := '{}';
  v_recent integer;
  v_requests jsonb := case jsonb_typeof(p -> 'request')
    when 'array' then p -> 'request' when 'object' then jsonb_build_array(p -> 'request') else '[]' end;
  v_first_run text := v_requests -> 0 ->> 'id';
begin
  update platform set generation = generation + 1 returning * into v_platform;
  v_generation := v_platform.generation;

  if p ->> 'run' is not null
    and not exists (select 1 from run where id = p ->> 'run' and state = 'running') then
    raise exception 'run % is not running', p ->> 'run' using errcode = 'RV005';
  end if;

  for v_write in select * from jsonb_array_elements(coalesce(p -> 'writes', '[]')) loop
    v_table := v_write ->> 'table';
    v_op := v_write ->> 'op';
    if v_table not in ('site', 'hostname', 'release', 'database_server', 'platform') then
      raise exception 'change cannot write to %', v_table;
    end if;
    v_key := case v_table when 'hostname' then 'hostname' when 'platform' then 'one' else 'id' end;
    v_id := coalesce(v_write -> 'key' ->> v_key, v_write -> 'values' ->> v_key, 'true');

    execute format('select to_jsonb(t) from %I t where t.%I::text = $1', v_table, v_key) into v_before using v_id;

    if v_op = 'insert' then
      if v_before is not null and v_before ->> 'deleted_at' is null then
        raise exception '% % exists', v_table, v_id using errcode = 'RV002',
          detail = jsonb_build_object('table', v_table, 'id', v_id, 'exists', true)::text;
      end if;
      if v_before is not null then
        execute format('delete from %I where %I = $1', v_table, v_key) using v_id;
      end if;
      select string_agg(quote_ident(k), ', ') into v_columns from jsonb_object_keys((v_write -> 'values') || '{"rev":0}') k;
      execute format('insert into %I (%s) select %s from jsonb_populate_record(null::%I, $1) returning to_jsonb(%I.*)',
        v_table, v_columns, v_columns, v_table, v_table)
        into v_after using (v_write -> 'values') || jsonb_build_object('rev', v_generation);
      v_before := null;
    else
      if v_before is null or v_before ->> 'deleted_at' is not null then
        raise exception 'there is no % %', v_table, v_id using errcode = 'RV001',
          detail = jsonb_build_object('table', v_table, 'id', v_id)::text;
      end if;
      for v_expect in select * from jsonb_each(coalesce(v_write -> 'expect', '{}')) loop
        -- In parentheses: PL/pgSQL reads an IF up to the first THEN outside of them.
        if not (case jsonb_typeof(v_expect.value)
            when 'array' then v_expect.value @> (v_before -> v_expect.key)
            else coalesce(v_before -> v_expect.key, 'null') = v_expect.value end) then
          raise exception '% % has % %, not %', v_table, v_id, v_expect.key, v_before -> v_expect.key, v_expect.value
            using errcode = 'RV002', detail = jsonb_build_object('table', v_table, 'id', v_id, 'field', v_expect.key,
              'found', v_before -> v_expect.key, 'expected', v_expect.value)::text;
        end if;
      end loop;
      if v_op = 'check' then
        v_rows := v_rows || jsonb_build_array(v_before - 'env');
        continue;
      elsif v_op = 'delete' then
        execute format('update %I set deleted_at = now(), rev = $2 where %I = $1 returning to_jsonb(%I.*)',
          v_table, v_key, v_table) into v_after using v_id, v_generation;
      elsif v_op = 'update' then
        select string_agg(format('%I = v.%I', k, k), ', ') into v_columns
          from jsonb_object_keys(v_write -> 'values') k where k not in ('rev', v_key);
        v_columns := concat_ws(', ', v_columns, case when v_table <> 'platform' then 'rev = ' || v_generation end);
        execute format('update %I t set %s from jsonb_populate_record(null::%I, $2) v where t.%I::text = $1 returning to_jsonb(t.*)',
          v_table, v_columns, v_table, v_key) into v_after using v_id, v_write -> 'values';
      else
        raise exception 'change knows no operation %', v_op;
      end if;
    end if;

    -- Live rows, for the check of a snapshot.
    if v_table = 'site' then
      update platform set sites = sites
        + (v_after ->> 'deleted_at' is null)::int - (v_before is not null)::int;
      -- A served site that is served no longer counts for the shrink guard.
      if v_before ->> 'phase' in ('live', 'suspended')
        and (v_after ->> 'phase' = 'deleted' or v_after ->> 'deleted_at' is not null) then
        v_removed := v_removed || v_id;
      end if;
    elsif v_table = 'hostname' then
      update platform set hostnames = hostnames
        + (v_after ->> 'deleted_at' is null)::int - (v_before is not null)::int;
    end if;

    insert into audit (generation, actor, action, subject, before, after, reason, run)
      values (v_generation, p -> 'actor', p ->> 'type', v_table || ':' || v_id, auditable(v_before), auditable(v_after), p ->> 'reason', coalesce(p ->> 'run', v_first_run));
    v_rows := v_rows || jsonb_build_array(v_after - 'env');
  end loop;

  if v_removed <> '{}' then
    select count(*) into v_recent from removal where at > clock_timestamp() - interval '1 hour';
    -- More than 10, and more than 10 % of what there was an hour ago.
    if v_recent + cardinality(v_removed) > 10
      and (v_recent + cardinality(v_removed)) * 10 > (select count(*) from site
        where deleted_at is null and phase in ('live', 'suspended')) + v_recent + cardinality(v_removed)
      and not exists (select 1 from approval where id = p ->> 'approval' and state = 'approved') then
      raise exception 'this would remove % of the sites within an hour', v_recent + cardinality(v_removed)
        using errcode = 'RV004', detail = jsonb_build_object('removed', v_recent + cardinality(v_removed))::text;
    end if;
    insert into removal (site) select unnest(v_removed);
  end if;
  if p ->> 'approval' is not null then
    update approval set state = 'used' where id = p ->> 'approval' and state = 'approved';
  end if;

  for v_request in select * from jsonb_array_elements(v_requests) loop
    perform request_run(v_request, p -> 'actor');
    -- What a person asked for is on record even where the rows follow later, written by the run.
    insert into audit (generation, actor, action, subject, reason, run)
      values (v_generation, p -> 'actor', p ->> 'type', v_request ->> 'subject', p ->> 'reason', v_request ->> 'id');
  end loop;

  insert into event (id, type, actor, metadata)
    values (v_generation, p ->> 'type', p -> 'actor', coalesce(p -> 'metadata', '{}'));
  perform pg_notify('reeve', jsonb_build_object('id', v_generation, 'type', p ->> 'type',
    'timestamp', to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'epoch', v_platform.epoch, 'generation', v_generation, 'metadata', coalesce(p -> 'metadata', '{}'))::text);
  return jsonb_build_object('epoch', v_platform.epoch, 'generation', v_generation, 'rows', v_rows);
end $$;

-- A run with its locks. Also called alone, for work that changes no desired state; then it takes the platform row's
-- lock itself, so that two requests for one subject are always ordered.
create function request_run(p jsonb, p_actor jsonb) returns void language plpgsql as $$
declare
  v_lock jsonb;
  v_holder text;
begin
  perform 1 from platform for update;
  insert into run (id, type, subject, site, input, actor)
    values (p ->> 'id', p ->> 'type', p ->> 'subject', p ->> 'site', coalesce(p -> 'input', '{}'), p_actor);
  for v_lock in select * from jsonb_array_elements(coalesce(p -> 'locks', '[]')) loop
    select l.run into v_holder from run_lock l
      where l.subject = v_lock ->> 'subject' and (l.mode = 'exclusive' or v_lock ->> 'mode' = 'exclusive') limit 1;
    if v_holder is not null then
      raise exception '% is busy with run %', v_lock ->> 'subject', v_holder using errcode = 'RV003',
        detail = jsonb_build_object('subject', v_lock ->> 'subject', 'run', v_holder)::text;
    end if;
    insert into run_lock (subject, mode, run) values (v_lock ->> 'subject', v_lock ->> 'mode', p ->> 'id');
  end loop;
  -- Something to start: whoever starts runs listens for it.
  perform pg_notify('reeve_run', p ->> 'id');
end $$;

-- A run is claimed once, by its workflow's first activity: once means once, however often that is tried.
create function claim_run(p_id text, p_temporal_run text) returns boolean language sql as $$
  update run set state = 'running', claimed_at = coalesce(claimed_at, clock_timestamp()), temporal_run = p_temporal_run
    where id = p_id and (state = 'requested' or (state = 'running' and temporal_run = p_temporal_run))
    returning true;
$$;

-- The final state, once, with the locks released and a notice; later calls change nothing.
create function finish_run(p_id text, p_state text, p_result jsonb, p_error jsonb) returns boolean language plpgsql as $$
begin
  -- Notices are written under the same lock as events: so both are committed in the order of their ids, and a stream
  -- that has seen one has seen all before it.
  perform 1 from platform for update;
  update run set state = p_state, result = p_result, error = p_error, ended_at = clock_timestamp(),
      progress = case when p_state = 'completed' then 1 else progress end
    where id = p_id and state in ('requested', 'running');
  if not found then return false; end if;
  delete from run_lock where run = p_id;
  update run_step set state = 'cancelled', ended_at = clock_timestamp() where run = p_id and state = 'running';
  insert into notice (type, metadata)
    select 'run.' || p_state, jsonb_build_object('run', id, 'type', type, 'subject', subject) from run where id = p_id;
  perform pg_notify('reeve_notice', jsonb_build_object('type', 'run.' || p_state, 'run', p_id)::text);
  return true;
end $$;
