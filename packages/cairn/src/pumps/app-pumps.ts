import {
  ChangePumpSource,
  InvalidInputError,
  LogPumpSource,
  PendingCommandSource,
  pumpSources,
  RealtimePumpBase,
  type CommandDispatcher,
  type LoggerPort,
  type PumpConfig,
  type PumpServices,
  type PumpSourcePort,
  type Registry,
} from '@cairn/core'
import type { Background } from '../background.ts'
import { asHandler } from '../closing-gate.ts'

interface Parts {
  readonly background: Background
  readonly registry: Registry
  /** Whose handlers take types that no aggregate handles. */
  readonly bus: Pick<CommandDispatcher, 'handlers'>
  readonly schema: string
  readonly logger: LoggerPort
}

/** The pumps of an app: what they read, and their end with the app's. */
export class AppPumps {
  readonly services: PumpServices
  readonly #background: Background
  readonly #running = new Set<Pick<RealtimePumpBase, 'status' | 'stop'>>()

  constructor({ background, registry, bus, schema, logger }: Parts) {
    this.#background = background
    const { reader, subscriptions: store, hints, changes, pending, due } = background.ports
    const { engine } = background
    const inMemory: PumpSourcePort = {
      open({ eventSpec: { schema: named, table } }) {
        throw new InvalidInputError(
          'eventSpec.table',
          `In memory there is no table ${named}.${table}: there are ${schema}.events and ${schema}.commands.`,
        )
      },
    }
    const source = pumpSources({
      schema,
      log: new LogPumpSource({ reader, engine: { add: (consumer) => background.add(consumer), remove: (key) => engine.remove(key) } }),
      commands: new PendingCommandSource({ pending, hints, registry, bus, due }),
      changes: changes === undefined ? inMemory : new ChangePumpSource({ changes, store, hints }),
    })
    this.services = { source, logger }
  }

  async start<Row>(config: PumpConfig<Row>): Promise<RealtimePumpBase<Row>> {
    this.#background.assertEnabled()
    const { processBatch } = config
    const pump = new RealtimePumpBase<Row>(
      { ...config, processBatch: (rows, batch) => asHandler(() => processBatch(rows, batch)) },
      this.services,
    )
    // Before it runs: a stop that comes meanwhile must find it.
    this.#running.add(pump)
    try {
      await pump.start()
    } catch (error) {
      this.#running.delete(pump)
      throw error
    }
    return pump
  }

  /** What is wrong with those that do not get on: whole sentences. */
  problems(): readonly string[] {
    return [...this.#running].flatMap(({ status: { channel, state, error } }) =>
      state === 'error' ? [`Pump ${channel} does not get on: ${error instanceof Error ? error.message : String(error)}`] : [],
    )
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running].map((pump) => pump.stop()))
  }
}
