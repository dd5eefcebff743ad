import { CommandBus, InProcessScheduler, Registry } from '@cairn/core'
import { InMemoryCommandStore, InMemoryEventStore } from '@cairn/infra/memory'
import { counting, jobSchedulerContract } from '@cairn/testing/contracts'

jobSchedulerContract('InProcessScheduler', async () => {
  const commands = new InMemoryCommandStore()
  const events = new InMemoryEventStore({ commands })
  const schedulerOf = () => new InProcessScheduler(commands, new CommandBus({ store: events, models: new Registry([counting]).aggregates }))
  return { scheduler: schedulerOf(), rival: schedulerOf(), commands, events, cleanup: () => Promise.resolve() }
})
