-- A reader's half: see horizon(). Must be a statement of its own, before the one that reads the rows.
create or replace function change_horizon() returns bigint
language plpgsql volatile security definer
set search_path from current
as $$
declare
  l bigint;
  m bigint;
begin
  perform assert_log_order();
  select case when is_called then last_value else last_value - 1 end into l from change_positions;
  select min(l + ((objid::bigint - l % 4294967296 + 6442450944) % 4294967296) - 2147483648) into m
    from pg_locks
   where locktype = 'advisory' and objsubid = 2
     and classid = 'change_positions'::regclass::oid
     and database = (select oid from pg_database where datname = current_database());
  return least(l, m);
end
$$;
