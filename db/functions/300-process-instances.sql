-- [process manager, tenant, instance, status, state, state version, version, position, steps, timers, waiting for, started at, updated at]
create or replace function process_instance_json(i process_instances) returns json
language sql stable
as $$
  select json_build_array(i.process_manager, i.tenant_id, i.instance_id, i.status, i.state, i.state_version, i.version, i.position, i.steps,
                          i.timers, i.waiting_for, (extract(epoch from i.started_at) * 1000)::bigint,
                          (extract(epoch from i.updated_at) * 1000)::bigint)
$$;

-- Instances by key, in any order; k_… are aligned.
create or replace function load_process_instances(k_manager text[], k_tenant text[], k_instance text[]) returns json
language sql stable security definer
set search_path from current
set enable_seqscan = off
as $$
  select json_agg(process_instance_json(i)) from unnest(k_manager, k_tenant, k_instance) k(m, t, n)
    join lateral (select x.* from process_instances x where x.process_manager = k.m and x.tenant_id = k.t and x.instance_id = k.n limit 1) i on true
$$;

-- Stores instances (arrays as process_instance_json makes them) in place of what is stored of them, unless that is further on.
create or replace function save_process_instances(p_instances jsonb) returns void
language sql volatile security definer
set search_path from current
as $$
  insert into process_instances (process_manager, tenant_id, instance_id, status, state, state_version, version, position, steps, timers,
                                 waiting_for, started_at, updated_at)
  select e->>0, e->>1, e->>2, e->>3, e->4, (e->>5)::int, (e->>6)::int, (e->>7)::bigint, (e->>8)::int, e->9, e->>10,
         to_timestamp((e->>11)::double precision / 1000), to_timestamp((e->>12)::double precision / 1000)
    from jsonb_array_elements(p_instances) e order by e->>0, e->>1, e->>2
  on conflict (process_manager, tenant_id, instance_id) do update
    set status = excluded.status, state = excluded.state, state_version = excluded.state_version, version = excluded.version,
        position = excluded.position, steps = excluded.steps, timers = excluded.timers, waiting_for = excluded.waiting_for,
        updated_at = excluded.updated_at
    -- Where the scheduler was changed, a step of the old one may come late. Its commands are there already, by their ids; the
    -- instance must not go back.
    where excluded.position >= process_instances.position
$$;

-- One instance at a time for whoever runs steps outside of a subscription: until the transaction ends.
create or replace function lock_process_instance(p_manager text, p_tenant text, p_instance text) returns void
language sql volatile security definer
set search_path from current
as $$
  select pg_advisory_xact_lock(hashtextextended(json_build_array('process', p_manager, p_tenant, p_instance)::text, 0))
$$;

create or replace function list_process_instances(
  p_tenant text, p_manager text, p_status text, p_quiet_since timestamptz, a_manager text, a_tenant text, a_instance text, p_limit int
) returns json
language plpgsql stable security definer
set search_path from current
set plan_cache_mode = force_custom_plan
as $$
begin
  return (select json_agg(process_instance_json(l::process_instances) order by l.process_manager, l.tenant_id, l.instance_id)
            from (select i.* from process_instances i
                   where (p_tenant is null or i.tenant_id = p_tenant) and (p_manager is null or i.process_manager = p_manager)
                     and (p_status is null or i.status = p_status) and (p_quiet_since is null or i.updated_at < p_quiet_since)
                     and (a_manager is null or (i.process_manager, i.tenant_id, i.instance_id) > (a_manager, a_tenant, a_instance))
                   order by i.process_manager, i.tenant_id, i.instance_id limit p_limit) l);
end
$$;

-- [process manager, how many, the time of the last event of the quietest] of each that has any, ascending by name.
create or replace function count_process_instances(p_tenant text, p_manager text, p_status text, p_quiet_since timestamptz) returns json
language plpgsql stable security definer
set search_path from current
set plan_cache_mode = force_custom_plan
as $$
begin
  return (select json_agg(json_build_array(c.process_manager, c.instances, (extract(epoch from c.quietest) * 1000)::bigint)
                          order by c.process_manager)
            from (select i.process_manager, count(*) as instances, min(i.updated_at) as quietest from process_instances i
                   where (p_tenant is null or i.tenant_id = p_tenant) and (p_manager is null or i.process_manager = p_manager)
                     and (p_status is null or i.status = p_status) and (p_quiet_since is null or i.updated_at < p_quiet_since)
                   group by i.process_manager) c);
end
$$;
