-- Removes finished commands and receipts older than p_before, at most p_limit of them; returns how many. Call until it returns 0.
create or replace function remove_receipts(p_before timestamptz, p_limit int) returns int
language plpgsql volatile security definer
set search_path from current
as $$
declare
  v_removed int;
begin
  delete from commands c using (
    select k.tenant_id, k.id from commands k where k.created_at < p_before and k.status in ('processed', 'failed') limit p_limit for update skip locked
  ) old where c.tenant_id = old.tenant_id and c.id = old.id;
  get diagnostics v_removed = row_count;
  return v_removed;
end
$$;
