import { rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { removeDataFolder } from '@cairn/infra/embedded'
import { orderIdOf, placeOrders, startTheWorld } from './customers.ts'
import { databaseVariable } from './database-variable.ts'
import type { DemoOptions } from './demo-options.ts'
import { countEnds, placedOrders, readEnds, waitingOrders, type Ends, type Waiting } from './ends.ts'
import { showReport } from './report.ts'
import { heading, runStep, type Screen } from './screen.ts'
import { startShop, type ShopApp } from './shop-app.ts'
import { findTemporal, temporalFolder, type TemporalServer } from './temporal-server.ts'
import { whereToLook, type Whereabouts } from './where-to-look.ts'

export interface DemoReport extends Ends {
  readonly scheduler: DemoOptions['scheduler']
  /** Orders of this run. */
  readonly placed: number
  /** Orders that an earlier run had left under way. */
  readonly resumed: number
  readonly waiting: readonly Waiting[]
  readonly seconds: number
  readonly look: Whereabouts
}

export interface DemoSurroundings {
  readonly screen: Screen
  /** The folder where the user stands. */
  readonly from: string
  /** Stops it; whatever is stored stays. */
  readonly signal: AbortSignal
}

/** Beside the time that orders have to become ready. */
const patienceMs = 120_000

/** The whole demo. @throws an Error with a sentence for people */
export async function runDemo(options: DemoOptions, { screen, from, signal }: DemoSurroundings): Promise<DemoReport> {
  heading(screen, 'Cairn', `a shop on ${options.scheduler === 'temporal' ? 'Temporal and PostgreSQL' : 'PostgreSQL alone'}`)
  screen.print()
  if (options.reset) {
    await removeDataFolder(options.data)
    await rm(temporalFolder(options.data), { recursive: true, force: true })
  }
  const server = options.scheduler === 'temporal' ? await serverFor(options, screen) : undefined
  try {
    await using app = await startApp(options, server, screen)
    const before = await countEnds(app)
    const resumed = before.orders - before.ended
    if (resumed > 0) screen.print(`  ${resumed} orders of an earlier run are under way; they go on.`)
    const started = performance.now()
    const placed = await place(app, options, screen)
    const waiting = await follow(app, options, screen, signal)
    const seconds = Math.round((performance.now() - started) / 100) / 10
    const look = whereToLook(app, server, from)
    const report = { scheduler: options.scheduler, placed, resumed, ...(await readEnds(app)), waiting, seconds, look }
    showReport(screen, report)
    return report
  } finally {
    await server?.stop()
  }
}

function serverFor({ data }: DemoOptions, screen: Screen): Promise<TemporalServer> {
  return runStep(screen, 'Finding a Temporal server', async (report) => {
    const value = await findTemporal(data, report)
    return { title: value.own ? `Temporal is up at ${value.address}` : `Temporal of TEMPORAL_ADDR, at ${value.address}`, value }
  })
}

function startApp({ data, readyWithin }: DemoOptions, server: TemporalServer | undefined, screen: Screen): Promise<ShopApp> {
  return runStep(screen, 'Starting PostgreSQL', async () => {
    const value = await startShop({ data, readyWithin, temporalAddress: server?.address, log: (line) => screen.print(line) })
    return { title: value.database.kind === 'embedded' ? 'Embedded PostgreSQL is up' : `Connected to ${databaseVariable()}`, value }
  })
}

function place(app: ShopApp, { orders }: DemoOptions, screen: Screen): Promise<number> {
  return runStep(screen, `Placing ${orders} orders`, async (report) => {
    const there = await placedOrders(app)
    const ids: string[] = []
    for (let number = 1; ids.length < orders; number++) if (!there.has(orderIdOf(number))) ids.push(orderIdOf(number))
    await placeOrders(app, ids, (count) => report(`${count} of ${orders}`))
    await startTheWorld(app)
    return { title: `${orders} orders placed${there.size === 0 ? '' : `, after ${there.size} of earlier runs`}`, value: orders }
  })
}

/** Until every order has ended, or none has for a while. */
function follow(app: ShopApp, { readyWithin }: DemoOptions, screen: Screen, signal: AbortSignal): Promise<readonly Waiting[]> {
  return runStep(screen, 'Following them', async (report) => {
    let until = performance.now() + readyWithin * 1_000 + patienceMs
    let most = 0
    for (;;) {
      const { orders, ended } = await countEnds(app)
      const waiting = await waitingOrders(app)
      if (ended === orders && waiting.length === 0) return { title: 'Every order has come to its end', value: waiting }
      if (ended > most) until = Math.max(until, performance.now() + patienceMs)
      most = Math.max(most, ended)
      if (signal.aborted || performance.now() > until) return { title: `${waiting.length} orders are under way`, value: waiting }
      report(`${ended} of ${orders} have ended; ${summary(waiting)}`)
      await delay(200, undefined, { signal }).catch(() => undefined)
    }
  })
}

/** 12 wait for the payment of its invoice, 3 … */
function summary(waiting: readonly Waiting[]): string {
  const counts = Map.groupBy(waiting, (one) => one.for ?? 'nothing')
  return [...counts].map(([what, all]) => `${all.length} wait for ${what}`).join(', ')
}
