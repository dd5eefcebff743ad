-- Changes of tables that are watched: a second log, for pumps.
-- Danger: none; creates only.

-- cache 1: see event_positions.
create sequence change_positions as bigint cache 1;

create table changes (
  change_id bigint primary key,
  operation text not null check (operation in ('INSERT', 'UPDATE', 'DELETE')),
  schema_name text not null,
  table_name text not null,
  -- Of the row, where its table has such a column.
  tenant_id text,
  new_row jsonb,
  old_row jsonb,
  recorded_at timestamptz not null default clock_timestamp()
);
create index changes_recorded_at on changes using brin (recorded_at);
