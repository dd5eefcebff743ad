-- Runs a query over read models in a signed context, in one round trip: as its caller, so that row-level security binds it, and
-- as a statement of its own, planned with the values it is asked with. p_values is the query's $1. ZC001 context refused.
create or replace function read_rows(p_context text, p_signature text, p_query text, p_values text[]) returns setof text
language plpgsql volatile
set search_path from current
as $$
begin
  perform enter_context(p_context, p_signature);
  return query execute p_query using p_values;
end
$$;
