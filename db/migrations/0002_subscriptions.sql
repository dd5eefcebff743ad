-- Subscriptions: what is kept of each durable reader of the log, and the log's own name.
-- Danger: none; creates only. Names without a schema belong to the schema that is being migrated (search_path).

-- One part of the log's id; the cluster and the database are the others, so that a copy has another id (see log_id()).
create table log_identity (
  only_row boolean primary key default true check (only_row),
  id uuid not null
);
insert into log_identity (id) values (gen_random_uuid());

create table subscriptions (
  name text not null,
  -- Builds of one projection; 1 for all other subscriptions.
  generation integer not null,
  kind text not null check (kind in ('subscription', 'projection', 'process-manager', 'pump')),
  version integer not null,
  fingerprint text not null,
  created_at timestamptz not null default now(),
  primary key (name, generation)
);

create table subscription_partitions (
  name text not null,
  generation integer not null,
  partition integer not null,
  state text not null check (
    state in ('new', 'catching-up', 'live', 'paused', 'retrying', 'failed', 'detached', 'rebuilding', 'retired')
  ),
  checkpoint bigint not null,
  fence bigint not null default 0,
  -- Counts the commits: tells what became of one whose answer was lost, and refuses one that comes twice.
  commits bigint not null default 0,
  failure jsonb,
  updated_at timestamptz not null default now(),
  primary key (name, generation, partition),
  foreign key (name, generation) references subscriptions on delete cascade
) with (fillfactor = 50);

-- Rows of their own: a heartbeat must never wait for a commit, which holds its partition's row to the end.
create table subscription_leases (
  name text not null,
  generation integer not null,
  partition integer not null,
  owner text,
  fence bigint not null default 0,
  expires_at timestamptz not null default '-infinity',
  primary key (name, generation, partition),
  foreign key (name, generation, partition) references subscription_partitions on delete cascade
) with (fillfactor = 50);

create table subscription_members (
  id text primary key,
  label text not null,
  -- [{"key": {"name", "generation"}, "fingerprint"}, …]
  runs jsonb not null,
  seen_at timestamptz not null,
  expires_at timestamptz not null
) with (fillfactor = 50);

create table parked_events (
  name text not null,
  generation integer not null,
  partition integer not null,
  position bigint not null,
  parking_key text not null,
  event_id uuid not null,
  tenant_id text not null,
  type text not null,
  status text not null check (status in ('parked', 'waiting')),
  request text check (request in ('retry', 'discard')),
  failure jsonb,
  parked_at timestamptz not null default now(),
  primary key (name, generation, partition, position),
  foreign key (name, generation) references subscriptions on delete cascade
);
create index parked_events_requested on parked_events (name, generation, partition) where request is not null;
