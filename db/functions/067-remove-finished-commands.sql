-- Removes commands that ended before p_before without an effect in the log: cancelled ones (timers that were not needed), those that
-- a handler of the class style carried out and, where p_failed, failed ones; at most p_limit. What took effect is a receipt, see
-- remove_receipts. Call until it returns less than p_limit.
create or replace function remove_finished_commands(p_before timestamptz, p_limit int, p_failed boolean) returns int
language plpgsql volatile security definer
set search_path from current
as $$
declare
  v_removed int;
begin
  delete from commands c using (
    select k.tenant_id, k.id from commands k
     where k.created_at < p_before and coalesce(k.updated_at, k.created_at) < p_before and k.version is null
       and (k.status = 'processed' or k.status = 'failed' and (p_failed or k.error ->> 'code' = 'CAIRN_COMMAND_CANCELLED'))
     limit p_limit for update skip locked
  ) old where c.tenant_id = old.tenant_id and c.id = old.id;
  get diagnostics v_removed = row_count;
  return v_removed;
end
$$;
