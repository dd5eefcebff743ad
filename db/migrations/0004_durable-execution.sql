-- Commands that wait, and the process managers that send them.
-- Danger: takes a lock on commands while three partial indexes are built (a scan of the table; seconds for some ten million rows).

-- A row inserted by SQL alone is a command: `insert into commands (tenant_id, type, payload) values (…)`. The append functions,
-- whose receipts stand in the same table, name each of these columns.
alter table commands
  alter column id set default gen_random_uuid(),
  alter column status set default 'pending',
  alter column metadata set default '{}',
  -- Null in a row that nobody has looked at: its target is what its type and payload say, and its hash comes with the target.
  alter column hash drop not null,
  -- Not before; null: at once.
  add column due_at timestamptz,
  -- A failed try is repeated then. Until then nothing of its aggregate is handed out: a time of its own, because a later due_at
  -- would let the commands behind it overtake.
  add column retry_at timestamptz,
  -- The worker that has it.
  add column owner text,
  -- Orders commands of one time: microseconds when it was stored, by the row. Null in receipts.
  add column seq bigint default (extract(epoch from clock_timestamp()) * 1000000)::bigint;
update commands set seq = null where metadata is null;

drop index commands_pending;
create index commands_waiting on commands (tenant_id, (coalesce(due_at, created_at)), seq) where status = 'pending';
create index commands_due on commands ((coalesce(due_at, created_at)), seq, id) where status = 'pending' and hash is not null;
create index commands_raw on commands ((coalesce(due_at, created_at)), id) where status = 'pending' and hash is null;
-- Rows that hold the others of their aggregate back.
create index commands_holding on commands (tenant_id, aggregate_type, aggregate_id) where status = 'consumed' or retry_at is not null;

-- Who carries commands out. One whose time has run out is dead, and what it holds goes to the others.
create table command_workers (
  id text primary key,
  label text not null,
  types text[] not null,
  seen_at timestamptz not null,
  expires_at timestamptz not null
);

create table process_instances (
  process_manager text not null,
  tenant_id text not null,
  instance_id text not null,
  status text not null check (status in ('running', 'done')),
  state jsonb not null,
  state_version integer not null,
  version integer not null,
  position bigint not null,
  steps integer not null,
  -- { name: { "commandId", "dueAt" } }
  timers jsonb not null,
  waiting_for text,
  started_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (process_manager, tenant_id, instance_id)
) with (fillfactor = 85);
create index process_instances_quiet on process_instances (updated_at) where status = 'running';
