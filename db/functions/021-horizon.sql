-- A reader's half: the highest position below which nothing can still appear. Must be its own statement, and the rows must
-- be read by a later one.
--
-- L first: whoever drew a position up to L took its lock before. Then the locks: one still held keeps us below its f; one
-- already released belongs to a transaction whose rows the next statement sees. An f may be ahead of the L we read, and a
-- lock carries its low 32 bits only: so each f is found as a signed 32-bit distance from L.
create or replace function horizon() returns bigint
language plpgsql volatile security definer
set search_path from current
as $$
declare
  l bigint;
  m bigint;
begin
  perform assert_log_order();
  select case when is_called then last_value else last_value - 1 end into l from event_positions;
  select min(l + ((objid::bigint - l % 4294967296 + 6442450944) % 4294967296) - 2147483648) into m
    from pg_locks
   where locktype = 'advisory' and objsubid = 2
     and classid = 'event_positions'::regclass::oid
     and database = (select oid from pg_database where datname = current_database());
  return least(l, m);
end
$$;
