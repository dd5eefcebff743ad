-- First of the policies: all grants are taken back, so that what a later version of these files no longer grants is gone. Names
-- of roles are the default schema's; the migrator puts the schema's own name in front.
--   cairn_owner        owns everything, cannot log in
--   cairn_app          reads its context's tenants, writes through the functions alone
--   cairn_worker       background readers: all tenants; writes what is kept of subscriptions, through the functions alone
--   cairn_maintenance  removes old receipts
revoke all on all tables in schema cairn from public, cairn_app, cairn_worker, cairn_maintenance;
revoke all on all functions in schema cairn from public, cairn_app, cairn_worker, cairn_maintenance;
-- A horizon scan and a pg_locks look-up name their schema's sequence; nobody may draw from it or reset it.
revoke all on all sequences in schema cairn from public, cairn_app, cairn_worker, cairn_maintenance;
revoke all on schema cairn from public, cairn_app, cairn_worker, cairn_maintenance;
grant usage on schema cairn to cairn_app, cairn_worker, cairn_maintenance;
