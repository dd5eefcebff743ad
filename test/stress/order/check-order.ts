import { openAdmin } from '../support/admin.ts'
import { AppSession } from '../support/app-session.ts'
import type { CheckDatabase } from '../support/check-database.ts'
import { Endings } from '../support/endings.ts'
import { eventTypes } from '../support/events.ts'
import { Random } from '../support/random.ts'
import { openStores } from '../support/stores.ts'
import { silent, type OnStep, type Verdict } from '../support/verdict.ts'
import { followLog, followNaively, type LogEnd } from './follow-log.ts'
import { Ledger } from './ledger.ts'
import { appendInOneTransaction, type LongTransaction } from './long-transaction.ts'
import { readTruth } from './read-truth.ts'
import { probeStall, type StallProbe } from './stall-probe.ts'
import { brokenStreams, compareWithTruth, type Findings, type Placed } from './truth.ts'
import { openUnrelatedTransactions } from './unrelated-transactions.ts'
import { writerKinds } from './writers/writer-kinds.ts'
import { tenants, type Writer } from './writers/writer.ts'

export interface OrderOptions {
  readonly writers: number
  /** Events to commit, about: the last steps may go a little beyond. */
  readonly events: number
  /** Appends of the one long transaction in the middle of the run; 0 leaves it out. */
  readonly inOneTransaction: number
  /** Sets the position sequence before the start. */
  readonly sequenceStart?: number | undefined
  readonly seed: number
}

export interface OrderVerdict extends Verdict {
  /** Sums over all readers. */
  readonly lost: number
  readonly doubled: number
  readonly inverted: number
  readonly phantom: number
  /** The longest time for which unrelated transactions kept the horizon behind the newest event. */
  readonly stalledMs: number
  /** Streams in the log whose versions, by position, are not 1..n. */
  readonly brokenStreams: number
  /** Acknowledged and not in the log, or taken back and in it. */
  readonly misreported: number
  readonly committed: number
  readonly takenBack: number
  readonly firstPosition: number
  readonly lastPosition: number
  readonly readers: Readonly<Record<string, Findings>>
  readonly longTransaction: LongTransaction | undefined
  readonly seed: number
  readonly seconds: number
  readonly control: Findings & {
    /** Part of all events that the naive reader lost. */
    readonly lostShare: number
    /** A reader gated by transaction ids was stalled by the unrelated transactions: they were open, and mattered. */
    readonly gatedReaderStalled: boolean
  }
}

/** The writers stop so often for a probe of the horizon without them. */
const rounds = 4

/** Writers of every kind against readers of every kind; the truth is read when all is quiet. */
export async function checkOrder(database: CheckDatabase, options: OrderOptions, onStep: OnStep = silent): Promise<OrderVerdict> {
  const started = performance.now()
  const { schema } = database
  const endings = new Endings()
  try {
    const admin = endings.add(await openAdmin(database.url), (client) => client.end())
    if (options.sequenceStart !== undefined) await admin.query(`select setval('${schema}.event_positions', $1)`, [options.sequenceStart])
    onStep('opening the unrelated transactions')
    endings.add(await openUnrelatedTransactions(database), (opened) => opened.close())
    const stores = endings.add(await openStores(database, 4, { poolSize: options.writers }), (opened) => opened.close())
    const signer = stores.all[0]?.db.signer
    if (signer === undefined) throw new RangeError('No store is open.')

    const ledger = new Ledger()
    const writers: Writer[] = []
    for (let i = 0; i < options.writers; i++) {
      const session = endings.add(await AppSession.open(database, signer), (opened) => opened.close())
      // Two stores for the writers; the others are the readers'.
      writers.push({ store: stores.at(i % 2), session, random: new Random(options.seed + i), ledger })
    }

    const end: LogEnd = { position: undefined }
    const naiveClient = endings.add(await openAdmin(database.url), (client) => client.end())
    const [tenantId] = tenants
    const [type] = eventTypes
    const reading = Promise.all([
      followLog(stores.at(2), { limit: 200 }, end),
      followLog(stores.at(3), { limit: 1_000 }, end),
      followLog(stores.at(3), { limit: 100, types: [type] }, end),
      followLog(stores.at(2), { limit: 100, tenantId }, end),
      followNaively(naiveClient, schema, 200, end),
    ])
    // Looked at when the writers are done; a reader that fails meanwhile must not count as unhandled.
    reading.catch(() => undefined)

    const probes: StallProbe[] = []
    let longTransaction: LongTransaction | undefined
    for (let round = 1; round <= rounds; round++) {
      probes.push(await probeStall(stores.at(2), admin, schema, ledger))
      const target = Math.ceil((options.events * round) / rounds)
      const kinds = Object.values(writerKinds)
      const work = writers.map(async (writer, i) => {
        const last = i === writers.length - 1
        if (last && round === 2 && options.inOneTransaction > 0) {
          longTransaction = await appendInOneTransaction(writer.session, admin, signer, schema, options.inOneTransaction, ledger)
        }
        const step = kinds[i % kinds.length]
        if (step === undefined) return
        while (ledger.committed.size < target) {
          await step(writer)
          if (i === 0) onStep(`round ${round}/${rounds}: ${ledger.committed.size} of ${options.events} events committed`)
        }
      })
      await Promise.all(work)
    }
    probes.push(await probeStall(stores.at(2), admin, schema, ledger))

    onStep('comparing what the readers got with the log')
    const truth = await readTruth(admin, schema)
    const positions = [...truth.values()].map((event) => event.position)
    const lastPosition = positions.reduce((a, b) => Math.max(a, b), 0)
    end.position = lastPosition
    const [all, wide, ofType, ofTenant, naive] = await reading
    const readers = {
      all: compareWithTruth(all, truth),
      'all, wide pages': compareWithTruth(wide, truth),
      'one type': compareWithTruth(
        ofType,
        only(truth, (event) => event.type === type),
      ),
      'one tenant': compareWithTruth(
        ofTenant,
        only(truth, (event) => event.stream.startsWith(`${tenantId}/`)),
      ),
    }
    const sum = (of: (findings: Findings) => number): number => Object.values(readers).reduce((total, findings) => total + of(findings), 0)
    const naively = compareWithTruth(naive, truth)
    const control = {
      ...naively,
      lostShare: Math.round((naively.lost / Math.max(1, truth.size)) * 10_000) / 10_000,
      gatedReaderStalled: probes.some((probe) => probe.gatedReaderStalled),
    }
    const findings = {
      lost: sum((f) => f.lost),
      doubled: sum((f) => f.doubled),
      inverted: sum((f) => f.inverted),
      phantom: sum((f) => f.phantom),
      stalledMs: Math.max(...probes.map((probe) => Math.round(probe.stalledMs * 10) / 10)),
      brokenStreams: brokenStreams(truth),
      misreported: [...ledger.committed].filter((id) => !truth.has(id)).length + [...ledger.takenBack].filter((id) => truth.has(id)).length,
    }
    const locksOk = longTransaction === undefined || longTransaction.advisoryLocks === 1
    return {
      ok: Object.values(findings).every((count) => count === 0) && locksOk && control.lost > 0 && control.gatedReaderStalled,
      ...findings,
      committed: truth.size,
      takenBack: ledger.takenBack.size,
      firstPosition: positions.reduce((a, b) => Math.min(a, b), Number.MAX_SAFE_INTEGER),
      lastPosition,
      readers,
      longTransaction,
      seed: options.seed,
      seconds: Math.round((performance.now() - started) / 100) / 10,
      control,
    }
  } finally {
    await endings.end()
  }
}

function only<T extends Placed>(truth: ReadonlyMap<string, T>, keep: (event: T) => boolean): ReadonlyMap<string, T> {
  return new Map([...truth].filter(([, event]) => keep(event)))
}
