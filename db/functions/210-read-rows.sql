-- Runs a query over read models in a signed context, in one round trip: as its caller, so that row-level security binds it, and
-- as a statement of its own, planned with the values it is asked with. p_values is the query's $1. ZC001 context refused.
--
-- p_page: one page in an order, which an index should follow. Statistics that were taken while a tenant's rows came in tell of few,
-- and few are soonest collected by a bitmap and sorted: all of them, for each page, once they are many.
drop function if exists read_rows(text, text, text, text[]);
create or replace function read_rows(p_context text, p_signature text, p_query text, p_values text[], p_page boolean default false) returns setof text
language plpgsql volatile
set search_path from current
as $$
begin
  perform enter_context(p_context, p_signature);
  if p_page then
    perform set_config('enable_bitmapscan', 'off', true);
  end if;
  return query execute p_query using p_values;
end
$$;
