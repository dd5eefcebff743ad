import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineDecider } from '../aggregate/define-decider.ts'
import { defineCommands } from '../definition/define-commands.ts'
import { defineEvents } from '../definition/define-events.ts'
import { defineProcessManager } from '../process-managers/define-process-manager.ts'
import { defineDomain } from './define-domain.ts'
import { Registry } from './registry.ts'

const events = defineEvents('job', { done: z.object({}) })
const commands = defineCommands('job', { finish: z.object({}) })
const job = defineDecider(events, () => ({ n: 0 }))
  .evolve({ done: (s) => ({ n: s.n + 1 }) })
  .decide(commands, { finish: () => [events.done()] })
const follow = (name: string) =>
  defineProcessManager(name, { events: [events] })
    .correlate({ 'job.done': (e) => e.aggregateId })
    .on({ 'job.done': () => [] })

test('process managers are found by name, whichever domain they are in', () => {
  const registry = new Registry([
    defineDomain('following', { aggregates: [], processManagers: [follow('follower')] }),
    defineDomain('jobs', { aggregates: [job] }),
  ])
  expect(registry.processManagerNames).toEqual(['follower'])
  expect(registry.processManager('follower').types).toEqual(['job.done'])
  expect(() => registry.processManager('folower')).toThrow(/No process manager "folower".*"follower"/)
})

test('two of one name, and one that reacts to what no domain defines, are refused, and nothing is added', () => {
  const jobs = defineDomain('jobs', { aggregates: [job], processManagers: [follow('follower')] })
  const registry = new Registry([jobs])
  expect(() => registry.register(defineDomain('more', { aggregates: [], processManagers: [follow('follower')] }))).toThrow(
    /"follower" is defined twice: in domain "jobs" and in domain "more"/,
  )
  expect(() => new Registry([defineDomain('alone', { aggregates: [], processManagers: [follow('follower')] })])).toThrow(
    /"follower" reacts to job\.done, which no domain/,
  )
  expect(registry.domains.map(({ name }) => name)).toEqual(['jobs'])
})
