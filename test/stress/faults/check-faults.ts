import { startTcpProxy } from '@cairn/testing/services'
import { openAdmin } from '../support/admin.ts'
import { createCheckDatabase, type CheckDatabase } from '../support/check-database.ts'
import { Endings } from '../support/endings.ts'
import { Random } from '../support/random.ts'
import { openStores } from '../support/stores.ts'
import { silent, type OnStep, type Verdict } from '../support/verdict.ts'
import { cutAnswers } from './cut-answers.ts'
import { cutCommits } from './cut-commits.ts'
import { dieAtCommit, type DiedAtCommit } from './die-at-commit.ts'
import { effectsOf, type Effects } from './effects.ts'
import { loadUnderFault, type Load } from './load-under-fault.ts'
import { appendNaively } from './naive-appender.ts'
import { startStoppableServer } from './stoppable-server.ts'

export interface FaultsOptions extends Load {
  /** How often each shape of append loses its answer. */
  readonly rounds: number
  readonly batch: number
  readonly seed: number
}

type Struck = Effects & { readonly strikes: number }

export interface FaultsVerdict extends Verdict {
  /** Answers cut off between the commit and the caller, by the shape of the append; strikes are the cuts that happened. */
  readonly cutAnswers: Readonly<Record<string, Struck>>
  /** Cuts that were meant to happen and did not: then nothing was tried. */
  readonly missedCuts: number
  readonly diedAtCommit: DiedAtCommit
  /** Load while all connections are cut, while backends are terminated, and while the server is stopped and started. */
  readonly connectionsCut: Struck
  readonly backendsTerminated: Struck
  readonly serverStopped: Struck
  readonly lost: number
  readonly doubled: number
  readonly halfDone: number
  readonly misreported: number
  readonly unanswered: number
  /** One of the errors that callers got. */
  readonly example: string | undefined
  readonly seconds: number
  readonly control: {
    /** Appends that an appender without receipts stored twice. */
    readonly doubled: number
  }
}

/** Connections that break, backends that die and a server that stops: each append must have exactly one effect, and its caller the answer. */
export async function checkFaults(database: CheckDatabase, options: FaultsOptions, onStep: OnStep = silent): Promise<FaultsVerdict> {
  const started = performance.now()
  const endings = new Endings()
  try {
    const admin = endings.add(await openAdmin(database.url), (client) => client.end())
    const address = new URL(database.url)
    const proxy = endings.add(await startTcpProxy(Number(address.port || '5432'), address.hostname), (opened) => opened.stop())
    const proxied = { ...database, appUrl: proxy.through(database.appUrl), workerUrl: proxy.through(database.workerUrl) }
    const stores = endings.add(await openStores(proxied, 1), (opened) => opened.close())
    const [first] = stores.all
    if (first === undefined) throw new RangeError('No store is open.')
    const { store, db } = first
    const random = new Random(options.seed)
    let example: string | undefined

    const cut: Record<string, Struck> = {}
    let missedCuts = 0
    for (const batch of [1, options.batch]) {
      for (const withCommand of [true, false]) {
        for (const cuts of [1, 2]) {
          const shape = `${batch === 1 ? 'lone' : `batch of ${batch}`}, ${withCommand ? 'command id' : 'no command id'}, cut ${cuts === 1 ? 'once' : 'twice'}`
          onStep(shape)
          const answers = []
          let strikes = 0
          for (let round = 0; round < options.rounds; round++) {
            const one = await cutAnswers(store, proxy, database.schema, { batch, withCommand, cuts })
            answers.push(...one.answers)
            strikes += one.happened
          }
          example ??= firstError(answers)
          missedCuts += options.rounds * cuts - strikes
          cut[shape] = { ...(await effectsOf(admin, database, answers)), strikes }
        }
      }
    }

    for (const withCommand of [true, false]) {
      const shape = `transaction, ${withCommand ? 'command ids' : 'no command ids'}`
      onStep(shape)
      const answers = []
      for (let round = 0; round < options.rounds; round++) answers.push(...(await cutCommits(store, proxy, withCommand)))
      example ??= firstError(answers)
      // Each waits for its cut.
      cut[shape] = { ...(await effectsOf(admin, database, answers)), strikes: options.rounds }
    }

    onStep('backends that die at their commit')
    const diedAtCommit = await dieAtCommit(store, admin, database, options.rounds)

    const under = async (what: string, everyMs: readonly [number, number], strike: () => Promise<void>): Promise<Struck> => {
      onStep(what)
      const { answers, strikes } = await loadUnderFault(store, random, options, everyMs, strike)
      example ??= firstError(answers)
      return { ...(await effectsOf(admin, database, answers)), strikes }
    }
    const connectionsCut = await under('load while connections are cut', [50, 300], () => Promise.resolve(proxy.cutNow()))
    const backendsTerminated = await under('load while backends are terminated', [20, 150], async () => {
      await admin.query(
        `select pg_terminate_backend(pid) from (select pid from pg_stat_activity where datname = current_database() and usename = $1 order by random() limit $2) x`,
        [decodeURIComponent(new URL(database.appUrl).username), random.between(1, 4)],
      )
    })
    const serverStopped = await underRestarts(options, random, onStep)

    onStep('control: an appender without receipts')
    const control = await effectsOf(admin, database, await appendNaively(proxied, db.signer, proxy, options.rounds))
    const all = [...Object.values(cut), connectionsCut, backendsTerminated, serverStopped]
    const sum = (of: (effects: Effects) => number): number => all.reduce((total, effects) => total + of(effects), 0)
    const sums = {
      lost: sum((e) => e.lost),
      doubled: sum((e) => e.doubled),
      halfDone: sum((e) => e.halfDone),
      misreported: sum((e) => e.misreported),
      unanswered: sum((e) => e.unanswered),
    }
    return {
      ok:
        Object.values(sums).every((count) => count === 0) &&
        missedCuts === 0 &&
        all.every(({ appends }) => appends > 0) &&
        diedAtCommit.wronglyAnswered + diedAtCommit.stored + diedAtCommit.wrongErrors === 0 &&
        control.doubled > 0,
      cutAnswers: cut,
      missedCuts,
      diedAtCommit,
      connectionsCut,
      backendsTerminated,
      serverStopped,
      ...sums,
      example,
      seconds: Math.round((performance.now() - started) / 100) / 10,
      control: { doubled: control.doubled },
    }
  } finally {
    await endings.end()
  }
}

/** On a server of its own, whatever server the rest runs on: nobody else's may be stopped. */
async function underRestarts(options: FaultsOptions, random: Random, onStep: OnStep): Promise<Struck> {
  const endings = new Endings()
  try {
    onStep('starting a server to stop')
    const server = endings.add(await startStoppableServer(), (opened) => opened.stop())
    const database = await createCheckDatabase(server.url)
    const stores = endings.add(await openStores(database, 1, { retryForMs: 30_000 }), (opened) => opened.close())
    onStep('load while the server is stopped and started')
    const { answers, strikes } = await loadUnderFault(stores.at(0), random, options, [300, 1_000], server.restart)
    const admin = endings.add(await openAdmin(database.url), (client) => client.end())
    return { ...(await effectsOf(admin, database, answers)), strikes }
  } finally {
    await endings.end()
  }
}

function firstError(answers: readonly { readonly error: unknown }[]): string | undefined {
  const failed = answers.find(({ error }) => error !== undefined)
  return failed === undefined ? undefined : String(failed.error)
}
