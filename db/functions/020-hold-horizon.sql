-- A writer's half of the horizon: from here to the end of this transaction no reader goes past f, the value of the position
-- sequence now. Called with the stream rows locked and before the first nextval.
--
-- One lock per transaction: the first f is remembered by a transaction-local setting and taken again (a counter in this
-- backend, not a new lock), so 20,000 appends in one transaction take one slot of the lock table. The remembered value is a
-- hint and never trusted: the lock is always taken, at an f that is never ahead of the sequence, and a lower f only makes
-- readers wait. One that is lower by 2^31 would look ahead to them, who see 32 bits of it; so a value that far back is not used.
-- So neither a rolled-back savepoint nor a forged setting can open the horizon.
create or replace function hold_horizon() returns void
language plpgsql volatile
as $$
declare
  f bigint;
  held text := current_setting('cairn.horizon', true);
  xid text := pg_current_xact_id()::text;
  remembered bigint;
  -- Assignments in place of `perform`, which would run each as a statement of its own.
  v_done boolean;
begin
  -- Null until the first nextval. Asked this way, the usual case needs no statement of its own either.
  f := pg_sequence_last_value('event_positions'::regclass);
  if f is null then
    -- Called by somebody in between: then one too low, which is safe.
    select last_value - 1 into f from event_positions;
  end if;
  if held is not null and split_part(held, ':', 1) = xid then
    remembered := split_part(held, ':', 2)::bigint;
    if remembered between f - 1073741824 and f then
      f := remembered;
    end if;
  else
    held := set_config('cairn.horizon', xid || ':' || f, true);
  end if;
  v_done := pg_advisory_xact_lock_shared('event_positions'::regclass::oid::int, f::bit(32)::int) is null;
end
$$;
