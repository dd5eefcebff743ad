-- The log: streams, events, receipts of commands, snapshots, reservations.
-- Danger: none; creates only. Names without a schema belong to the schema that is being migrated (search_path).

-- The key that signs tenant contexts. Only the owner can read it. ipad and opad are the key's HMAC paddings (RFC 2104),
-- computed once, so that a verification is two hashes.
create table secret (
  only_row boolean primary key default true check (only_row),
  key bytea not null,
  ipad bytea not null,
  opad bytea not null
);

create sequence stream_ids as bigint;

create table streams (
  stream_id bigint primary key,
  tenant_id text not null,
  aggregate_type text not null,
  aggregate_id text not null,
  version bigint not null,
  closed_at timestamptz,
  constraint streams_key unique (tenant_id, aggregate_type, aggregate_id)
) with (fillfactor = 85);

-- cache 1: a cached range would hand out positions in an order that the horizon does not protect.
create sequence event_positions as bigint cache 1;

create table events (
  position bigint primary key,
  stream_id bigint not null,
  version bigint not null,
  schema_version integer not null,
  recorded_at timestamptz not null,
  id uuid not null,
  tenant_id text not null,
  aggregate_type text not null,
  aggregate_id text not null,
  type text not null,
  payload jsonb not null,
  metadata jsonb not null,
  -- Copies of metadata fields that can be filtered on. Written by the append functions alone, so they always agree.
  correlation_id text,
  workflow_id text,
  user_id text,
  project_id text,
  job_id text,
  constraint events_stream_version unique (stream_id, version)
);

create table commands (
  tenant_id text not null,
  id uuid not null,
  -- SHA-256 of type, target and payload; empty for an append that came without a command.
  hash bytea not null,
  status text not null default 'processed' check (status in ('pending', 'consumed', 'processed', 'failed')),
  -- The effect: null until the command took effect. first_version > version means: accepted, without events.
  stream_id bigint,
  first_version bigint,
  version bigint,
  position bigint,
  created_at timestamptz not null default now(),
  -- Only for commands that are stored as rows of their own or audited; a synchronous command's receipt stays narrow.
  updated_at timestamptz,
  type text,
  aggregate_type text,
  aggregate_id text,
  payload jsonb,
  metadata jsonb,
  attempts integer not null default 0,
  result jsonb,
  error jsonb,
  primary key (tenant_id, id)
);
create index commands_pending on commands (tenant_id, created_at, id) where status = 'pending';
create index commands_created_at on commands using brin (created_at);

create table snapshots (
  stream_id bigint primary key,
  tenant_id text not null,
  version bigint not null,
  schema_version integer not null,
  state jsonb not null,
  recorded_at timestamptz not null default now()
);

create table reservations (
  tenant_id text not null,
  scope text not null,
  key text not null,
  reserved_at timestamptz not null default now(),
  primary key (tenant_id, scope, key)
);

-- What the re-applied files (functions, views, policies) were when they were applied last.
create table applied_files (
  only_row boolean primary key default true check (only_row),
  hash text not null,
  applied_at timestamptz not null
);
