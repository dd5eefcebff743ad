-- The trigger on watched tables. It runs with its owner's rights, so that whoever may write the table need not know of changes,
-- and in whatever isolation the writer chose: only readers need READ COMMITTED. Arguments: the names under which the table is
-- watched (of a partition, those of its parent), and 'notify' where a hint is sent with the commit.
--
-- A row's type may bring a cast to json of its own, which runs here: watch only tables whose owner you would trust with the schema.
create or replace function record_change() returns trigger
language plpgsql volatile security definer
set search_path from current
as $$
declare
  v_old jsonb;
  v_new jsonb;
begin
  if tg_op <> 'INSERT' then
    v_old := to_jsonb(old);
  end if;
  if tg_op <> 'DELETE' then
    v_new := to_jsonb(new);
  end if;
  -- Before nextval, once in a transaction as far as locks go.
  perform hold_change_horizon();
  insert into changes (change_id, operation, schema_name, table_name, tenant_id, new_row, old_row)
  values (nextval('change_positions'), tg_op, tg_argv[0], tg_argv[1], coalesce(v_new, v_old)->>'tenant_id', v_new, v_old);
  if tg_argv[2] = 'notify' then
    perform pg_notify(tg_argv[3], '');
  end if;
  return null;
end
$$;
