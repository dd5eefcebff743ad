import { InMemoryRowStore, InvalidInputError, type InlineWriter, type Registry } from '@cairn/core'
import {
  InMemoryCommandStore,
  InMemoryEventStore,
  InMemoryHints,
  InMemoryLogReader,
  InMemoryProcessStore,
  InMemoryReadModels,
  InMemorySubscriptionStore,
  type InMemoryInline,
} from '@cairn/infra/memory'
import type { Backend } from './backend.ts'
import type { ResolvedCairnOptions } from './cairn-options.ts'
import { generationPlan } from '@cairn/projections'
import { MemoryGenerations, memoryTables } from './projections/memory-generations.ts'

/** Everything in this process, gone with it. */
export function memoryBackend(
  { maxPayloadBytes, background }: ResolvedCairnOptions,
  registry: Registry,
  inline: InlineWriter | undefined,
): Backend {
  const hints = new InMemoryHints()
  const rows = new InMemoryRowStore()
  const generations = new MemoryGenerations()
  const send = (): void => hints.send()
  // One for all who put commands aside or carry them out: it is the table.
  const commands = new InMemoryCommandStore({ maxPayloadBytes })
  const instances = new InMemoryProcessStore(commands, send, maxPayloadBytes)
  const store = new InMemoryEventStore({
    maxPayloadBytes,
    commands,
    appended: send,
    ...(inline === undefined ? {} : { inline: inlineRows(inline, rows, generations) }),
  })
  return {
    info: { kind: 'memory', schema: undefined, dataDir: undefined, url: undefined },
    store,
    pg: undefined,
    commands,
    readModels: new InMemoryReadModels(rows, registry.projections.map(generationPlan).flatMap(memoryTables)),
    background: {
      reader: new InMemoryLogReader(store),
      subscriptions: new InMemorySubscriptionStore({ rows, commands, instances, enqueued: send, faults: background?.faults }),
      hints,
      due: commands.due,
      pending: commands.pending,
      changes: undefined,
      instances,
      rows,
      generations,
      projections: undefined,
      handlerSqlOf() {
        throw noSql()
      },
    },
    sqlOf() {
      throw noSql()
    },
    withTenant() {
      return Promise.reject(noSql())
    },
    close: () => hints.close(),
  }
}

function inlineRows(writer: InlineWriter, rows: InMemoryRowStore, generations: MemoryGenerations): InMemoryInline {
  return {
    writer,
    begin() {
      const transaction = rows.begin({ comparePositions: false })
      return {
        open: async (projection) => ({ generation: generations.live(projection), rows: transaction }),
        commit: () => transaction.commit(),
      }
    },
  }
}

function noSql(): InvalidInputError {
  return new InvalidInputError('database', `There is no SQL in memory. Give createCairn a database: 'embedded', or the address of one.`)
}
