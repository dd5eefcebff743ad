import { mayMove, runningStates, subscriptionStates } from '@cairn/core'
import { expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'

const { url, schema } = await testDatabase()

interface Move {
  readonly from: string
  readonly to: string
}

const byMove = (a: Move, b: Move): number => `${a.from} ${a.to}`.localeCompare(`${b.from} ${b.to}`)

test('the database allows the moves that core allows', async () => {
  const stored = await queryOnce<{ from: string; to: string; may: boolean }>(
    url,
    `select f as "from", t as "to", ${schema}.subscription_may_move(f, t) as may from unnest($1::text[]) f, unnest($1::text[]) t`,
    [subscriptionStates],
  )
  expect(stored).toHaveLength(subscriptionStates.length ** 2)
  const declared = subscriptionStates.flatMap((from) => subscriptionStates.map((to) => ({ from, to, may: mayMove(from, to) })))
  expect(stored.toSorted(byMove)).toEqual(declared.toSorted(byMove))
})

test('the database runs the states that core runs, and knows no others', async () => {
  const running = await queryOnce<{ state: string }>(
    url,
    `select state from unnest($1::text[]) state where ${schema}.subscription_runs(state)`,
    [subscriptionStates],
  )
  expect(running.map(({ state }) => state).toSorted()).toEqual([...runningStates].toSorted())
  const [row] = await queryOnce<{ check: string }>(
    url,
    `select pg_get_constraintdef(oid) as check from pg_constraint where conrelid = $1::regclass and contype = 'c'`,
    [`${schema}.subscription_partitions`],
  )
  expect([...(row?.check ?? '').matchAll(/'([a-z-]+)'/g)].map(([, state]) => state).toSorted()).toEqual([...subscriptionStates].toSorted())
})
