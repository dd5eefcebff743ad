-- Says that a worker lives, and gives back what the dead ones hold. p_unowned_ms, where not null: what somebody who is no worker
-- consumed so long ago, too. Answers how many.
create or replace function worker_beat(p_id text, p_label text, p_types text[], p_lease_ms int, p_unowned_ms bigint) returns int
language plpgsql volatile security definer
set search_path from current
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_given int;
begin
  insert into command_workers (id, label, types, seen_at, expires_at)
  values (p_id, p_label, p_types, v_now, v_now + p_lease_ms * interval '1 millisecond')
  on conflict (id) do update set label = excluded.label, types = excluded.types, seen_at = excluded.seen_at, expires_at = excluded.expires_at;
  -- Kept for a day: what types they knew counts until the grace of those types is over.
  delete from command_workers w using (
    select d.id from command_workers d where d.expires_at < v_now - interval '1 day' for update skip locked
  ) dead where w.id = dead.id;
  with found as (
    select c.tenant_id, c.id from commands c
     where (c.status = 'consumed' or c.retry_at is not null) and c.status = 'consumed'
       and case when c.owner = 'elsewhere' then false
                when c.owner is null then c.updated_at < v_now - p_unowned_ms * interval '1 millisecond'
                else not exists (select from command_workers w where w.id = c.owner and w.expires_at > v_now) end
     order by c.tenant_id, c.id for update skip locked
  )
  update commands c set status = 'pending', owner = null, updated_at = v_now
    from found where c.tenant_id = found.tenant_id and c.id = found.id;
  get diagnostics v_given = row_count;
  return v_given;
end
$$;

-- Its row stays, as that of one whose lease is over.
create or replace function worker_leave(p_id text) returns void
language sql volatile security definer
set search_path from current
as $$
  update command_workers w set expires_at = clock_timestamp() where w.id = p_id and w.expires_at > clock_timestamp()
$$;

-- How claimed commands ended: [[tenant, id, status, result, error, milliseconds], …] with the statuses processed, failed, retry,
-- returned and handed (to somebody who writes down by himself how they end). Only what the worker still holds is touched.
create or replace function settle_commands(p_worker text, p_outcomes jsonb) returns int
language plpgsql volatile security definer
set search_path from current
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_settled int;
begin
  with found as (
    select c.tenant_id, c.id, e->>2 as outcome, nullif(e->3, 'null') as result, nullif(e->4, 'null') as error, (e->>5)::bigint as wait_ms
      from jsonb_array_elements(p_outcomes) e
      join commands c on c.tenant_id = e->>0 and c.id = (e->>1)::uuid
     where c.status = 'consumed' and c.owner = p_worker
     order by c.tenant_id, c.id for update of c
  )
  update commands c
     set status = case when f.outcome in ('retry', 'returned') then 'pending'
                       when f.outcome = 'handed' then 'consumed'
                       -- What took effect did not fail.
                       when c.version is not null then 'processed' else f.outcome end,
         attempts = c.attempts - case when f.outcome = 'returned' then 1 else 0 end,
         result = f.result,
         error = case when f.outcome = 'returned' then c.error when f.outcome = 'failed' and c.version is not null then null else f.error end,
         retry_at = case when f.wait_ms > 0 then v_now + f.wait_ms * interval '1 millisecond' end,
         owner = case when f.outcome = 'handed' then 'elsewhere' end, updated_at = v_now
    from found f where c.tenant_id = f.tenant_id and c.id = f.id;
  get diagnostics v_settled = row_count;
  return v_settled;
end
$$;
