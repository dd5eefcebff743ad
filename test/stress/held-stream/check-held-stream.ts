import type { StreamKey } from '@cairn/core'
import type { CheckDatabase } from '../support/check-database.ts'
import { Endings } from '../support/endings.ts'
import { eventOf, eventsOf, streamOf } from '../support/events.ts'
import { ratioOf, summarize, type LatencySummary } from '../support/latencies.ts'
import { openStores } from '../support/stores.ts'
import { silent, type OnStep, type Verdict } from '../support/verdict.ts'
import { measureCompanions, type Companions } from './companions.ts'
import { duringHold, waiters, type HeldAppends } from './during-hold.ts'
import { holdKinds, type HoldKind } from './hold-streams.ts'
import { measureControl, type HeldStreamControl } from './measure-control.ts'
import { openLoop, type OpenLoop } from './open-loop.ts'

export interface HeldStreamOptions extends OpenLoop {
  /** How long a foreign transaction holds its streams, and how long each phase without it takes. */
  readonly seconds: number
  /** Streams whose rows it holds at the same time. */
  readonly held: number
  /** How often each kind of hold is measured, with a phase without one before each. */
  readonly rounds: number
  /** How many times as long as without a hold p99 may become. */
  readonly limit: number
}

export interface HeldStreamVerdict extends Verdict {
  readonly normal: LatencySummary
  readonly row: LatencySummary
  readonly creation: LatencySummary
  /** p99 during a hold, in p99s without one. */
  readonly ratio: Readonly<Record<HoldKind, number>>
  readonly companions: Companions
  readonly heldAppends: HeldAppends
  readonly seconds: number
  readonly control: HeldStreamControl
}

const existingStreams = 200
const tenant = 'held'
/**
 * An uncommitted creation can only be found by waiting for it: the first batch that meets it pays 50 ms (its lock_timeout), once
 * per creation and store. So there is one of them, whose cost must not reach p99.
 */
const heldCreations = 1
/** Far above what the creation costs its batch, far below the length of a hold. */
const longestCreationMs = 500
/** What is allowed for the last of the waiters after the release. */
const promptMs = 3_000

/** Appends to other streams, in an open loop, while a foreign transaction holds streams that this store appends to as well. */
export async function checkHeldStream(
  database: CheckDatabase,
  options: HeldStreamOptions,
  onStep: OnStep = silent,
): Promise<HeldStreamVerdict> {
  const started = performance.now()
  const endings = new Endings()
  try {
    const stores = endings.add(await openStores(database, 1), (opened) => opened.close())
    const [first] = stores.all
    if (first === undefined) throw new RangeError('No store is open.')
    const { store, db } = first
    const existing = Array.from({ length: existingStreams }, (_, i) => streamOf(tenant, `existing-${i}`))
    await Promise.all(existing.map((stream) => store.append({ stream, expected: 'any', events: eventsOf(1) })))
    let next = 0
    /** In turn one that exists and a new one. */
    const otherStream = (): StreamKey => {
      next++
      return (next % 2 === 0 ? existing[(next / 2) % existingStreams] : undefined) ?? streamOf(tenant)
    }
    const load = (seconds: number): Promise<number[]> =>
      openLoop(options, seconds, () => store.append({ stream: otherStream(), expected: 'any', events: [eventOf()] }))

    onStep('warming up')
    await load(Math.min(1, options.seconds))
    const latencies: Record<'normal' | HoldKind, number[]> = { normal: [], row: [], creation: [] }
    const phases: HeldAppends[] = []
    for (let round = 1; round <= options.rounds; round++) {
      for (const kind of holdKinds) {
        onStep(`round ${round} of ${options.rounds}: without a hold`)
        latencies.normal.push(...(await load(options.seconds)))
        onStep(`round ${round} of ${options.rounds}: ${kind} held`)
        const held = { database, signer: db.signer, store, tenant, kind, count: kind === 'row' ? options.held : heldCreations }
        const phase = await duringHold(held, () => load(options.seconds))
        latencies[kind].push(...phase.latencies)
        phases.push(phase.heldAppends)
      }
    }
    onStep('batches with a held stream in them')
    const companions = await measureCompanions({ database, signer: db.signer, store, tenant })
    onStep('control: a client that waits inside its batch')
    const control = await measureControl(database, db.signer, options, Math.min(1.5, options.seconds), otherStream)

    const [normal, row, creation] = [summarize(latencies.normal), summarize(latencies.row), summarize(latencies.creation)]
    const ratio = { row: ratioOf(row, normal), creation: ratioOf(creation, normal) }
    const heldAppends = sumOf(phases)
    const { early, failed, wrongStreams } = heldAppends
    return {
      ok:
        Math.max(ratio.row, ratio.creation, companions.rowMs / companions.normalMs) < options.limit &&
        companions.creationMs < longestCreationMs &&
        heldAppends.appended === options.rounds * (options.held + heldCreations) * waiters &&
        early + failed + wrongStreams === 0 &&
        heldAppends.longestAfterReleaseMs < promptMs &&
        // Nobody waited for the release itself: too few of them for p99 would still be a fault.
        Math.max(row.maxMs, creation.maxMs) < normal.maxMs + options.seconds * 500 &&
        control.ratio > options.limit,
      normal,
      row,
      creation,
      ratio,
      companions,
      heldAppends,
      seconds: Math.round((performance.now() - started) / 100) / 10,
      control,
    }
  } finally {
    await endings.end()
  }
}

function sumOf(phases: readonly HeldAppends[]): HeldAppends {
  const sum = (of: (phase: HeldAppends) => number): number => phases.reduce((total, phase) => total + of(phase), 0)
  return {
    appended: sum((phase) => phase.appended),
    early: sum((phase) => phase.early),
    failed: sum((phase) => phase.failed),
    wrongStreams: sum((phase) => phase.wrongStreams),
    longestAfterReleaseMs: Math.max(...phases.map((phase) => phase.longestAfterReleaseMs)),
  }
}
