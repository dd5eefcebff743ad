-- The privileges on the tables and views of read models, as the states of their generations have it: the worker feeds every
-- table, the application reads what is live, through its views (which run with their reader's rights). All is taken back
-- first. Called by each change of a generation's state, and by db/policies after a migration has taken all grants back.
create or replace function grant_read_models(p_projection text) returns void
language plpgsql volatile
as $$
declare
  r record;
begin
  for r in
    select t ->> 'name' as physical, t -> 'model' ->> 'name' as view, g.state = 'live' as live, g.inline
      from generations g, jsonb_array_elements(g.tables) t
     where p_projection is null or g.projection = p_projection
  loop
    continue when to_regclass(quote_ident(r.physical)) is null;
    execute format('revoke all on %I from public, cairn_app, cairn_worker, cairn_maintenance', r.physical);
    execute format('grant select, insert, update, delete on %I to cairn_worker', r.physical);
    continue when not r.live;
    execute format('grant select on %I to cairn_app', r.physical);
    if r.inline then
      -- The policy asks for a context that only the event store's own writes have.
      execute format('grant insert, update, delete on %I to cairn_app', r.physical);
    end if;
    if to_regclass(quote_ident(r.view)) is not null then
      execute format('revoke all on %I from public, cairn_app, cairn_worker, cairn_maintenance', r.view);
      execute format('grant select on %I to cairn_app, cairn_worker', r.view);
    end if;
  end loop;
end
$$;
