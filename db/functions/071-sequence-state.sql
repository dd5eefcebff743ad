-- For the boot check: whether the position sequence is as the horizon needs it, and whether a sequence lies behind its table.
create or replace function sequence_state(out cache text, out behind boolean)
language plpgsql stable security definer
set search_path from current
as $$
begin
  select s.seqcache::text into cache from pg_sequence s where s.seqrelid = 'event_positions'::regclass;
  select coalesce((select max(e.position) from events e), 0) > (select case when is_called then last_value else last_value - 1 end from event_positions)
      or coalesce((select max(s.stream_id) from streams s), 0) > (select case when is_called then last_value else last_value - 1 end from stream_ids)
    into behind;
end
$$;
