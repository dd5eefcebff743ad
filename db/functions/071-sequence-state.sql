-- For the boot check: whether the sequences of positions are as their horizons need them (cache: the larger one), and whether a sequence lies behind its table.
create or replace function sequence_state(out cache text, out behind boolean)
language plpgsql stable security definer
set search_path from current
as $$
begin
  select max(s.seqcache)::text into cache from pg_sequence s where s.seqrelid in ('event_positions'::regclass, 'change_positions'::regclass);
  select coalesce((select max(e.position) from events e), 0) > (select case when is_called then last_value else last_value - 1 end from event_positions)
      or coalesce((select max(s.stream_id) from streams s), 0) > (select case when is_called then last_value else last_value - 1 end from stream_ids)
      or coalesce((select max(c.change_id) from changes c), 0) > (select case when is_called then last_value else last_value - 1 end from change_positions)
    into behind;
end
$$;
