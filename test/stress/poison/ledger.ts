import { createHash } from 'node:crypto'
import { allRows, defineCommands, defineDecider, defineDomain, defineEvents, defineProjection, integer, table, text } from '@cairn/cairn'
import { z } from 'zod'

/** The code of an app, before and after its bug is fixed. */
export interface LedgerCode {
  readonly fixed: boolean
  /** False lets later entries of a ledger go on without the one that failed: no projection can be declared so. */
  readonly blockKey: boolean
}

const ledgerEvents = defineEvents('ledger', { entered: z.object({ note: z.string() }) })

const ledgerCommands = defineCommands('ledger', { enter: z.object({ note: z.string() }) })
const Ledger = defineDecider(ledgerEvents, () => 0)
  .evolve({ entered: (entries) => entries + 1 })
  .decide(ledgerCommands, { enter: (_, command) => ledgerEvents.entered(command) })

/** What an entry says that the code cannot bear. */
export const poisonNote = 'poison'
/** More parked and waiting entries than this stop a partition of the strict projection. */
export const maxWaiting = 3

/** One row for each ledger: how many entries, and a hash over them in their order. */
function tails<const N extends string>(name: N, most = 10_000) {
  return defineProjection(name, {
    version: 1,
    events: [ledgerEvents],
    partitionBy: 'stream',
    partitions: 3,
    retry: { attempts: 2, backoff: { kind: 'fixed', delayMs: 20 } },
    maxWaiting: most,
    tables: table({ id: text(), entries: integer(), tail: text() }, { key: 'id', readAccess: { '*': allRows } }),
  })
}

export function ledgerDomain(code: LedgerCode) {
  const tail = tails('ledger-tail').on({
    'ledger.entered': ({ aggregateId, payload, id }, { ledger_tail }) => {
      refusePoison(payload.note, code)
      ledger_tail.update(aggregateId, (row) => next(row, id))
    },
  })
  const strict = tails('ledger-strict', maxWaiting).on({
    'ledger.entered': ({ aggregateId, payload, id }, { ledger_strict }) => {
      refusePoison(payload.note, code)
      ledger_strict.update(aggregateId, (row) => next(row, id))
    },
  })
  const projections = [tail, strict].map((definition) => ({ ...definition, failure: { ...definition.failure, blockKey: code.blockKey } }))
  return defineDomain('ledgers', { aggregates: [Ledger], projections })
}

function refusePoison(note: string, { fixed }: LedgerCode): void {
  if (note === poisonNote && !fixed) throw new Error('This entry is too much for me.')
}

function next(row: { readonly entries: number; readonly tail: string } | undefined, eventId: string) {
  const before = row?.tail ?? ''
  return { entries: (row?.entries ?? 0) + 1, tail: createHash('sha256').update(`${before} ${eventId}`).digest('hex') }
}
