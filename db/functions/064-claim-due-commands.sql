-- Takes due commands of every tenant for a worker: ascending by time and number, and never of an aggregate that has one under way
-- or waiting for its next try. `raw`: there are due rows that nobody has admitted.
--
-- Two workers never take of one aggregate: each must first lock the aggregate's first pending row, its head. Who finds it locked
-- leaves the aggregate alone, and who gets it behind another's commit sees, because the conditions are checked again on the row as
-- it is then, that it is not pending any more.
create or replace function claim_due_commands(p_worker text, p_types text[], p_limit int, out commands json, out raw boolean)
language plpgsql volatile security definer
set search_path from current
-- Whatever the statistics say, which may be those of an empty table: the index gives the order, and the scan ends early.
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_window int := 4 * p_limit;
  v_seen int;
begin
  raw := exists (select from commands c where c.status = 'pending' and c.hash is null and coalesce(c.due_at, c.created_at) <= v_now);
  -- Only where all that was looked at is others' to carry out is more looked at.
  loop
    with first as materialized (
      select c.tenant_id, c.id, c.aggregate_type, c.aggregate_id, c.type, coalesce(c.due_at, c.created_at) as at, c.seq
        from commands c
       where c.status = 'pending' and c.hash is not null and coalesce(c.due_at, c.created_at) <= v_now
         and not exists (
           select from commands k
            where k.tenant_id = c.tenant_id and k.aggregate_type = c.aggregate_type and k.aggregate_id = c.aggregate_id
              and (k.status = 'consumed' or k.retry_at is not null)
              -- What somebody outside of the table carries out, for days perhaps, holds nobody up.
              and (k.status = 'consumed' and k.owner is distinct from 'elsewhere' or k.status = 'pending' and k.retry_at > v_now))
       order by coalesce(c.due_at, c.created_at), c.seq, c.id limit v_window
    ), heads as materialized (
      select distinct on (f.tenant_id, f.aggregate_type, f.aggregate_id) f.* from first f
       order by f.tenant_id, f.aggregate_type, f.aggregate_id, f.at, f.seq, f.id
    ), mine as materialized (
      select h.tenant_id, h.aggregate_type, h.aggregate_id from heads h
        join commands c on c.tenant_id = h.tenant_id and c.id = h.id
       -- Said so that no index of pending rows fits, and the look-up is by id: with the statistics of an empty table the planner
       -- takes all of the tenant's pending rows for one, and read them once for every head.
       where h.type = any (p_types) and c.status is not distinct from 'pending' and (c.retry_at is null or c.retry_at <= v_now)
       order by h.at, h.seq, h.id limit p_limit for update of c skip locked
    ), wanted as materialized (
      select f.tenant_id, f.id from (
        select f.*, bool_and(f.type = any (p_types)) over (partition by f.tenant_id, f.aggregate_type, f.aggregate_id order by f.at, f.seq, f.id) as known
          from first f join mine m on m.tenant_id = f.tenant_id and m.aggregate_type = f.aggregate_type and m.aggregate_id = f.aggregate_id
      ) f where f.known order by f.at, f.seq, f.id limit p_limit
    ), locked as materialized (
      select c.tenant_id, c.id from commands c join wanted w on w.tenant_id = c.tenant_id and w.id = c.id
       where c.status is not distinct from 'pending' for update of c skip locked
    ), taken as (
      update commands c set status = 'consumed', owner = p_worker, attempts = c.attempts + 1, retry_at = null, updated_at = v_now
        from locked l where c.tenant_id = l.tenant_id and c.id = l.id returning c.*
    )
    select (select json_agg(command_json(t::commands) order by coalesce(t.due_at, t.created_at), t.seq, t.id) from taken t), (select count(*) from first)
      into claim_due_commands.commands, v_seen;
    exit when claim_due_commands.commands is not null or v_seen < v_window or v_window > 100000;
    v_window := 8 * v_window;
  end loop;
end
$$;
