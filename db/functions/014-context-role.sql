-- The role of the transaction's signed context; null without one. What the policies of read models ask, once per statement.
create or replace function context_role() returns text
language plpgsql stable security definer parallel safe
set search_path from current
as $$
declare
  v_context constant text := nullif(current_setting('cairn.context', true), '');
begin
  if cardinality(verify_context(v_context, current_setting('cairn.signature', true))) > 0 then
    return nullif((v_context::text[])[1], '');
  end if;
  return null;
end
$$;
