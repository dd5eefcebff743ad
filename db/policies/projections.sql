-- Read models. Their own tables get policies from their projections' readAccess, when they are made.
grant select on generations to cairn_worker;
-- All but the tenant that a side build is for.
grant select (projection, generation, version, fingerprint, state, inline, partitions, types, tables, created_at, switched_at) on generations to cairn_app;

-- The policies of read models call these as whoever asks.
grant execute on function context_role, context_user to cairn_app, cairn_worker;
-- It runs as its caller, who may run the query without it, too.
grant execute on function read_rows to cairn_app;

do $$
begin
  perform grant_read_models(null);
end
$$;
