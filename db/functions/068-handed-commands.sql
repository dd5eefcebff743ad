-- Commands that were handed to pg-boss: consumed, with an owner that stands for one queue of jobs. A job says which commands of one
-- aggregate it is for; the rows alone say what is still to be done.

-- Those of [[tenant, id], …] that are still the owner's, as rows.
create or replace function handed_commands(p_owner text, p_ids jsonb) returns json
language sql stable security definer
set search_path from current
as $$
  select json_agg(command_json(c)) from jsonb_array_elements(p_ids) e
    join lateral (select x.* from commands x where x.tenant_id = e->>0 and x.id = (e->>1)::uuid limit 1) c
      on c.status = 'consumed' and c.owner = p_owner
$$;

-- Gives back what no job is for any more: a job that was deleted, archived, cancelled or failed for good. By aggregate, so that
-- nothing overtakes. A failed job would keep its key from ever being worked on again, so these go. Answers how many were given back.
-- What changed within the last p_grace_ms stays: its job may be younger than what this statement sees.
create or replace function give_back_orphans(p_owner text, p_jobs_schema text, p_queue text, p_grace_ms bigint) returns int
language plpgsql volatile security definer
set search_path from current
as $$
declare
  v_given int;
begin
  -- This runs with the owner's rights: what it touches must be the owner's own, or its triggers would have these rights.
  if not exists (select from pg_namespace n where n.nspname = p_jobs_schema and n.nspowner::regrole::text = quote_ident(current_user)) then
    raise exception using errcode = '42501', message = format('the schema %I is not the owner''s', p_jobs_schema);
  end if;
  execute format($sql$
    with failed as (
      delete from %1$I.job j where j.name = $2 and j.state = 'failed'
    ), orphans as (
      select c.tenant_id, c.id from commands c
       where (c.status = 'consumed' or c.retry_at is not null) and c.status = 'consumed' and c.owner = $1
         and c.updated_at < clock_timestamp() - $3 * interval '1 millisecond'
         and not exists (
           select from %1$I.job j
            where j.name = $2 and j.state in ('created', 'retry', 'active')
              and j.singleton_key = replace(replace(c.tenant_id, '%%', '%%25'), '/', '%%2F') || '/'
                                 || replace(replace(c.aggregate_type, '%%', '%%25'), '/', '%%2F') || '/'
                                 || replace(replace(c.aggregate_id, '%%', '%%25'), '/', '%%2F'))
       order by c.tenant_id, c.id for update of c skip locked
    )
    update commands c set status = 'pending', owner = null, updated_at = clock_timestamp()
      from orphans o where c.tenant_id = o.tenant_id and c.id = o.id
  $sql$, p_jobs_schema) using p_owner, p_queue, p_grace_ms;
  get diagnostics v_given = row_count;
  return v_given;
end
$$;
