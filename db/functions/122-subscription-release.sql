-- Gives leases back; those that were lost are passed over.
create or replace function subscription_release(
  l_name text[], l_generation int[], l_partition int[], l_owner text[], l_fence bigint[]
) returns void
language plpgsql volatile security definer
set search_path from current
as $$
begin
  with held as (
    select l.name, l.generation, l.partition
      from unnest(l_name, l_generation, l_partition, l_owner, l_fence) x(name, generation, partition, owner, fence)
      join subscription_leases l on l.name = x.name and l.generation = x.generation and l.partition = x.partition
                                and l.owner = x.owner and l.fence = x.fence
     order by l.name, l.generation, l.partition
       for update of l
  )
  update subscription_leases l set owner = null, expires_at = '-infinity'
    from held h where l.name = h.name and l.generation = h.generation and l.partition = h.partition;
end
$$;

-- Takes a member off the list.
create or replace function subscription_leave(p_id text) returns void
language sql volatile security definer
set search_path from current
as $$
  delete from subscription_members where id = p_id
$$;
