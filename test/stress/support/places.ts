import type { EventStorePort } from '@cairn/core'
import type { Stores } from './stores.ts'

/** Where the racers of a round call: all on one store, as callers within one process, or spread over all of them, as so many processes. */
export const places = ['one store', 'several stores'] as const

export function storeOf(stores: Stores, place: (typeof places)[number], round: number, racer: number): EventStorePort {
  return stores.at(place === 'one store' ? round : racer)
}
