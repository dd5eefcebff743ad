import { InvalidInputError } from '@cairn/core'
import { InMemoryCommandStore, InMemoryEventStore } from '@cairn/infra/memory'
import type { Backend } from './backend.ts'
import type { ResolvedCairnOptions } from './cairn-options.ts'

/** Everything in this process, gone with it. */
export function memoryBackend({ maxPayloadBytes }: ResolvedCairnOptions): Backend {
  return {
    info: { kind: 'memory', schema: undefined, dataDir: undefined, url: undefined },
    store: new InMemoryEventStore({ maxPayloadBytes }),
    commands: new InMemoryCommandStore({ maxPayloadBytes }),
    sqlOf() {
      throw noSql()
    },
    withTenant() {
      return Promise.reject(noSql())
    },
    close: () => Promise.resolve(),
  }
}

function noSql(): InvalidInputError {
  return new InvalidInputError('database', `There is no SQL in memory. Give createCairn a database: 'embedded', or the address of one.`)
}
