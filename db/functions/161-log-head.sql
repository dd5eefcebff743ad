-- Where the log ends: the horizon, and the newest committed event, read by a later statement.
create or replace function log_head(out horizon bigint, out newest bigint)
language plpgsql volatile security definer
set search_path from current
set enable_seqscan = off
as $$
begin
  horizon := horizon();
  select coalesce(max(e.position), 0) into newest from events e;
end
$$;
