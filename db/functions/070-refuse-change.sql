-- History cannot be changed: the second lock behind the missing privileges. ZC004.
create or replace function refuse_change() returns trigger
language plpgsql
as $$
begin
  raise exception using errcode = 'ZC004', message = 'events are history: they cannot be updated, deleted or truncated';
end
$$;

create or replace trigger events_no_change before update or delete on events for each statement execute function refuse_change();
create or replace trigger events_no_truncate before truncate on events for each statement execute function refuse_change();
