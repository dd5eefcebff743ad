-- Which builds of which projections there are. Their tables are made by the projection store, not here.
-- Danger: none; creates only.

-- Locked by whoever makes, switches or drops a build of the projection, so that they come one after another.
create table projections (
  name text primary key,
  -- The highest number ever given: a dropped build's number is not used again.
  last_generation integer not null default 0
);

create table generations (
  projection text not null references projections (name),
  generation integer not null,
  version integer not null,
  fingerprint text not null,
  state text not null check (state in ('building', 'live', 'previous', 'retired')),
  inline boolean not null,
  partitions integer not null,
  -- A side build that holds one tenant's rows.
  side_tenant text,
  -- Full event types, for inline projections: which events must be in before it can be switched to. Null: any.
  types text[],
  -- [{ "name": the physical table, "model": what its projection declares }]
  tables jsonb not null,
  created_at timestamptz not null default now(),
  switched_at timestamptz,
  primary key (projection, generation)
);
create unique index generations_live on generations (projection) where state = 'live';
create unique index generations_previous on generations (projection) where state = 'previous';

-- Each time that a table's read access was written into policies: the hash of what the code said, and of what the catalog
-- then had. The newest entry of a table tells whether the code was edited since, or the catalog.
create table read_access_log (
  projection text not null,
  generation integer not null,
  table_name text not null,
  code_hash text not null,
  catalog_hash text not null,
  applied_at timestamptz not null default now(),
  id bigint generated always as identity primary key
);
create index read_access_log_table on read_access_log (table_name, id);
