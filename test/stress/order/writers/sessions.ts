import type { AppSession } from '../../support/app-session.ts'
import { idsOf, inSession, pause, wanted, type Wanted, type WriterStep } from './writer.ts'

/** Positions are drawn, others draw and commit theirs, then this one commits: what a naive reader loses. */
export const pausedAfterAppend: WriterStep = (writer) => {
  const appends = wanted(writer, 1)
  return inSession(writer, appends, async (session) => {
    await appendAll(session, appends)
    await pause(writer)
  })
}

export const earlyTransactionId: WriterStep = (writer) => {
  const appends = wanted(writer, 1)
  return inSession(writer, appends, async (session) => {
    await session.run('select pg_current_xact_id()')
    await pause(writer)
    await appendAll(session, appends)
  })
}

export const pausedBetweenAppends: WriterStep = (writer) => {
  const appends = wanted(writer, 2)
  return inSession(writer, appends, async (session) => {
    for (const append of appends) {
      await appendAll(session, [append])
      await pause(writer)
    }
  })
}

/** Leaves a hole in the positions. */
export const rolledBack: WriterStep = async (writer) => {
  const { session, ledger } = writer
  const appends = wanted(writer, 1)
  await session.run('begin')
  try {
    await appendAll(session, appends)
    await pause(writer)
  } finally {
    await session.run('rollback')
    ledger.takeBack(idsOf(appends))
  }
  return 0
}

/**
 * An append inside a savepoint that is rolled back, then another one. Rolled back with it is the lock that held the horizon,
 * unless an append before the savepoint took it too: the next append must hold the horizon all the same.
 */
export const savepoints: WriterStep = (writer) => {
  const { random, ledger } = writer
  const [first, ...rest] = wanted(writer, 3)
  const appends = first === undefined ? [] : random.chance(0.5) ? [first, ...rest] : rest
  const undone = wanted(writer, 1).map(({ events }) => ({ stream: first?.stream, events }))
  const before = appends.slice(0, appends.length - rest.length)
  return inSession(writer, appends, async (session) => {
    await appendAll(session, before)
    await session.run('savepoint undone')
    for (const { stream, events } of undone) if (stream !== undefined) await session.mustAppend(stream, events)
    await session.run('rollback to savepoint undone')
    ledger.takeBack(undone.flatMap(({ events }) => events.map((event) => event.id)))
    await pause(writer)
    await appendAll(session, rest)
    await pause(writer)
  })
}

async function appendAll(session: AppSession, appends: readonly Wanted[]): Promise<void> {
  for (const { stream, events } of appends) await session.mustAppend(stream, events)
}
