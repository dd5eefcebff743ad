import type { Client } from 'pg'
import { only } from '../support/admin.ts'
import type { CheckDatabase } from '../support/check-database.ts'

/**
 * Has the database note each commit and each change of hands of a partition, in their order, and each transaction that writes rows
 * of a projection: written by triggers, so that what the processes believe is not asked.
 */
export async function watchCommits(admin: Client, { schema }: CheckDatabase): Promise<void> {
  await admin.query(`
    create table public.turns (number bigserial primary key, name text, generation int, partition int, fence bigint, checkpoint bigint,
      taken boolean, tx xid8 default pg_current_xact_id(), at timestamptz default clock_timestamp());
    create table public.row_writers (tx xid8 primary key);
    create function public.note_turn() returns trigger language plpgsql security definer as $$
    begin
      insert into public.turns (name, generation, partition, fence, checkpoint, taken)
      values (new.name, new.generation, new.partition, new.fence, new.checkpoint, new.fence <> old.fence);
      return null;
    end
    $$;
    create function public.note_row_writer() returns trigger language plpgsql security definer as $$
    begin
      insert into public.row_writers values (pg_current_xact_id()) on conflict do nothing;
      return null;
    end
    $$;
    create trigger note_turn after update on ${schema}.subscription_partitions for each row
      when (new.commits <> old.commits or new.fence <> old.fence) execute function public.note_turn()`)
  const { rows } = await admin.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = $1::regnamespace and relkind = 'r' and relname ~ '__v\\d+_g\\d+$'`,
    [schema],
  )
  for (const { name } of rows) {
    await admin.query(`create trigger note_row_writer after insert or update or delete on ${schema}.${name}
      for each statement execute function public.note_row_writer()`)
  }
}

export interface WriterCounts {
  readonly commits: number
  /** Commits under a fence that had been raised before. */
  readonly lateCommits: number
  /** Transactions that wrote rows and moved no checkpoint. */
  readonly strayWrites: number
}

export async function countWriters(admin: Client): Promise<WriterCounts> {
  const row = await only<{ [K in keyof WriterCounts]: string }>(
    admin,
    `select (select count(*) from public.turns where not taken) as commits,
            (select count(*) from (select fence < max(fence) over (partition by name, generation, partition order by number) as late
                                     from public.turns) t where late) as "lateCommits",
            (select count(*) from public.row_writers w where not exists (select from public.turns t where t.tx = w.tx and not t.taken)) as "strayWrites"`,
  )
  return { commits: Number(row.commits), lateCommits: Number(row.lateCommits), strayWrites: Number(row.strayWrites) }
}

/** A partition in somebody's hands. */
export interface HeldPartition {
  readonly name: string
  readonly generation: number
  readonly partition: number
  readonly fence: number
}

/** What a process holds, by its label. */
export async function heldBy(admin: Client, { schema }: CheckDatabase, label: string): Promise<readonly HeldPartition[]> {
  const { rows } = await admin.query<Record<keyof HeldPartition, string>>(
    `select l.name, l.generation, l.partition, l.fence
       from ${schema}.subscription_leases l join ${schema}.subscription_members m on m.id = l.owner
      where m.label = $1`,
    [label],
  )
  return rows.map(({ name, generation, partition, fence }) => ({
    name,
    generation: Number(generation),
    partition: Number(partition),
    fence: Number(fence),
  }))
}

/** The number of the last turn that was begun, whether it is through or not. */
export async function lastTurn(admin: Client): Promise<number> {
  const { last } = await only<{ last: string }>(admin, 'select last_value as last from public.turns_number_seq')
  return Number(last)
}

/** Commits of partitions behind a turn: under the fence that each was held with, and under a higher one. */
export async function commitsSince(
  admin: Client,
  held: readonly HeldPartition[],
  turn: number,
): Promise<{ readonly ofHolder: number; readonly goneOn: number; readonly firstAt: readonly (Date | undefined)[] }> {
  let [ofHolder, goneOn] = [0, 0]
  const firstAt: (Date | undefined)[] = []
  for (const { name, generation, partition, fence } of held) {
    const row = await only<{ own: string; others: string; first: Date | null }>(
      admin,
      `select count(*) filter (where fence <= $4) as own, count(*) filter (where fence > $4) as others, min(at) filter (where fence > $4) as first
         from public.turns where (name, generation, partition) = ($1, $2, $3) and number > $5 and not taken`,
      [name, generation, partition, fence, turn],
    )
    ofHolder += Number(row.own)
    if (Number(row.others) > 0) goneOn++
    firstAt.push(row.first ?? undefined)
  }
  return { ofHolder, goneOn, firstAt }
}
