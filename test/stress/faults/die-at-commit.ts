import { CairnError } from '@cairn/core'
import type { PgEventStore } from '@cairn/infra/pg'
import { sql } from '@cairn/infra/pg'
import type { Client } from 'pg'
import { z } from 'zod'
import type { CheckDatabase } from '../support/check-database.ts'
import { answerOf, effectsOf, type Answered } from './effects.ts'
import { requestOf } from './requests.ts'

export interface DiedAtCommit {
  readonly transactions: number
  /** Said to be done although nothing was stored. */
  readonly wronglyAnswered: number
  /** Appends of which something was stored. */
  readonly stored: number
  /** Refused with anything but an error that may be tried again. */
  readonly wrongErrors: number
}

/**
 * Transactions whose backend dies while it carries out the COMMIT, before it is done. To the client it looks just as when
 * only the answer was lost; but here nothing was stored, and the caller must be told so.
 */
export async function dieAtCommit(store: PgEventStore, admin: Client, database: CheckDatabase, rounds: number): Promise<DiedAtCommit> {
  await makeDeadlyTable(admin)
  const answers: Answered[] = []
  for (let round = 0; round < rounds; round++) {
    const request = requestOf(round % 2 === 0)
    const die = (): Promise<unknown> =>
      store.transaction('faults', async (tx) => {
        tx.append(request)
        await tx.connection.any(sql.type(z.object({}))`insert into public.deadly values (1)`)
      })
    answers.push(
      await answerOf(request, async ({ stream }) => {
        await die()
        return { stream, events: [], version: 0, position: 0, duplicate: false }
      }),
    )
  }
  const effects = await effectsOf(admin, database, answers)
  const errors = answers.map(({ error }) => error).filter((error) => error !== undefined)
  const { rows } = await admin.query(`select from ${database.schema}.events where id = any ($1::uuid[])`, [
    answers.flatMap(({ request }) => request.events.map((event) => event.id)),
  ])
  return {
    transactions: rounds,
    wronglyAnswered: effects.appends - effects.unanswered,
    stored: rows.length,
    wrongErrors: errors.filter((error) => !(error instanceof CairnError && error.retryable)).length,
  }
}

/** A row put into it ends the session when the transaction commits. */
async function makeDeadlyTable(admin: Client): Promise<void> {
  await admin.query(`
    create table if not exists public.deadly (number int);
    grant insert on public.deadly to public;
    create or replace function public.die() returns trigger language plpgsql as $$
    begin
      perform pg_terminate_backend(pg_backend_pid());
      perform pg_sleep(10);
      return null;
    end
    $$;
    drop trigger if exists die on public.deadly;
    create constraint trigger die after insert on public.deadly deferrable initially deferred for each row execute function public.die()`)
}
