-- Removes receipts that took effect before p_before, at most p_limit of them; returns how many. A command that waits, is under
-- way or failed stays, whatever its age. Call until it returns less than p_limit.
create or replace function remove_receipts(p_before timestamptz, p_limit int) returns int
language plpgsql volatile security definer
set search_path from current
as $$
declare
  v_removed int;
begin
  delete from commands c using (
    select k.tenant_id, k.id from commands k
     -- The first for the index; a command stored long ago may have been carried out yesterday.
     where k.created_at < p_before and coalesce(k.updated_at, k.created_at) < p_before and k.status = 'processed' and k.version is not null
     limit p_limit for update skip locked
  ) old where c.tenant_id = old.tenant_id and c.id = old.id;
  get diagnostics v_removed = row_count;
  return v_removed;
end
$$;
