import { aggregate, BusinessRuleViolation, defineCommands, defineDomain, defineEvents, StreamBusyError } from '@cairn/core'
import { z } from 'zod'

export const counterEvents = defineEvents('counter', { added: z.object({ n: z.int() }) })
export const counterCommands = defineCommands('counter', {
  add: z.object({ n: z.int() }),
  refuse: z.object({}),
  stumble: z.object({ times: z.int(), n: z.int() }),
})

/** How often each counter has stumbled in this process. */
const stumbled = new Map<string, number>()

class Counter extends aggregate(counterEvents, (): { readonly all: readonly number[] } => ({ all: [] })) {
  static readonly handlers = this.handle(counterCommands, {
    add: (counter, { n }) => counter.raise('added', { n }),
    refuse: () => {
      throw new BusinessRuleViolation('Counters never refuse, but this one does.')
    },
    // A technical failure that passes after some tries.
    stumble: (counter, { times, n }) => {
      const before = stumbled.get(counter.id) ?? 0
      stumbled.set(counter.id, before + 1)
      if (before < times) throw new StreamBusyError({ tenantId: 't', aggregateType: 'counter', aggregateId: counter.id }, 1)
      counter.raise('added', { n })
    },
  })
  static readonly evolve = this.fold({ added: (state, { n }) => ({ all: [...state.all, n] }) })
}

/** What schedulers are tried with. */
export const counting = defineDomain('counting', { aggregates: [Counter] })
