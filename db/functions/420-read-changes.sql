-- True where a row passes a pump's filter: numbers compare as numbers where the value reads as one, everything else as text, by its
-- bytes; null, a missing column, lists and objects match nothing. matchesPumpFilter of core says the same.
create or replace function change_matches(p_row jsonb, p_column text, p_operator text, p_values text[]) returns boolean
language plpgsql immutable
as $$
declare
  v_cell constant jsonb := p_row -> p_column;
  v_kind constant text := jsonb_typeof(v_cell);
  v_text constant text := p_row ->> p_column;
  v_value text;
  v_order int;
begin
  if v_kind is null or v_kind in ('null', 'array', 'object') then
    return false;
  end if;
  foreach v_value in array p_values loop
    if v_kind = 'number' and v_value ~ '^-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$' then
      v_order := sign(v_text::numeric - v_value::numeric)::int;
    else
      v_order := case when v_text = v_value then 0 when v_text < v_value collate "C" then -1 else 1 end;
    end if;
    if (case p_operator when 'eq' then v_order = 0 when 'in' then v_order = 0 when 'neq' then v_order <> 0 when 'lt' then v_order < 0
                       when 'lte' then v_order <= 0 when 'gt' then v_order > 0 when 'gte' then v_order >= 0 end) then
      return true;
    end if;
  end loop;
  return false;
end
$$;

-- A page of the changes of one table up to their horizon, for pumps (cairn_worker); p_up_to null: the horizon. It goes over p_window
-- positions at most, so that a table that changes rarely is not searched for twice. Separate statements on purpose: see horizon().
-- A page holds fewer changes where their rows are large: see read_stream.
-- changes: [[position, operation, tenant, new row, old row, milliseconds], …]
create or replace function read_changes(
  p_after bigint, p_up_to bigint, p_limit int, p_schema text, p_table text, p_operations text[], p_column text, p_operator text,
  p_values text[], p_window bigint, out horizon bigint, out next bigint, out changes text
)
language plpgsql volatile security definer
set search_path from current
-- See read_log.
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
declare
  v_most constant bigint := 33554432;
  v_bytes bigint := 0;
  v_texts text[];
  v_cut boolean := false;
  v_end bigint;
  v_last bigint;
  v_change record;
begin
  horizon := change_horizon();
  v_end := least(read_changes.horizon, p_up_to, p_after + p_window);
  for v_change in
    select x.change_id,
           json_build_array(x.change_id, x.operation, x.tenant_id, x.new_row, x.old_row,
                            (date_part('epoch', x.recorded_at) * 1000)::bigint)::text as text
      from changes x
     where x.change_id > p_after and x.change_id <= v_end and x.schema_name = p_schema and x.table_name = p_table
       and x.operation = any (p_operations)
       and (p_operator is null or change_matches(coalesce(x.new_row, x.old_row), p_column, p_operator, p_values))
     order by x.change_id limit p_limit
  loop
    v_bytes := v_bytes + octet_length(v_change.text);
    v_cut := v_texts is not null and v_bytes > v_most;
    exit when v_cut;
    v_texts := array_append(v_texts, v_change.text);
    v_last := v_change.change_id;
  end loop;
  changes := '[' || array_to_string(v_texts, ',') || ']';
  next := greatest(p_after, case when v_cut or cardinality(v_texts) = p_limit then v_last else v_end end);
end
$$;

-- Where the changes end: the horizon, and the newest committed one, read by a later statement.
create or replace function change_head(out horizon bigint, out newest bigint)
language plpgsql volatile security definer
set search_path from current
set enable_seqscan = off
as $$
begin
  horizon := change_horizon();
  select coalesce(max(c.change_id), 0) into newest from changes c;
end
$$;

-- The position to go on from to read what changed at p_time or later; the horizon where there is nothing yet. Positions are drawn before
-- their transactions commit, so some that come later may carry an earlier time: it is the lowest position that counts.
create or replace function change_position_at(p_time timestamptz) returns bigint
language plpgsql volatile security definer
set search_path from current
as $$
declare
  v_horizon constant bigint := change_horizon();
begin
  return least(v_horizon, coalesce((select min(c.change_id) from changes c where c.recorded_at >= p_time) - 1, v_horizon));
end
$$;
