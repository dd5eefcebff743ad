-- The horizon needs statements that see what committed before them, and advisory locks that a replica does not have.
-- ZC002 wrong isolation, ZC003 in recovery.
create or replace function assert_log_order() returns void
language plpgsql stable
as $$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using errcode = 'ZC002', message = 'Cairn needs READ COMMITTED, this transaction is ' || current_setting('transaction_isolation');
  end if;
  if pg_is_in_recovery() then
    raise exception using errcode = 'ZC003', message = 'Cairn cannot use a standby: it does not see the writers'' advisory locks';
  end if;
end
$$;
