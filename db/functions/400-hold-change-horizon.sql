-- A writer's half of the horizon of changes: as hold_horizon() is that of the log, over change_positions.
create or replace function hold_change_horizon() returns void
language plpgsql volatile
as $$
declare
  f bigint;
  held text := current_setting('cairn.change_horizon', true);
  xid text := pg_current_xact_id()::text;
  remembered bigint;
  v_done boolean;
begin
  f := pg_sequence_last_value('change_positions'::regclass);
  if f is null then
    select last_value - 1 into f from change_positions;
  end if;
  if held is not null and split_part(held, ':', 1) = xid then
    remembered := split_part(held, ':', 2)::bigint;
    if remembered between f - 1073741824 and f then
      f := remembered;
    end if;
  else
    held := set_config('cairn.change_horizon', xid || ':' || f, true);
  end if;
  v_done := pg_advisory_xact_lock_shared('change_positions'::regclass::oid::int, f::bit(32)::int) is null;
end
$$;
