import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineDecider } from '../aggregate/define-decider.ts'
import { defineCommands } from '../definition/define-commands.ts'
import { defineEvents } from '../definition/define-events.ts'
import { defineProcessManager } from '../process-managers/define-process-manager.ts'
import { idleCheckedType, idleCheckType } from '../process-managers/idle-check.ts'
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

const expiring = (name: string) =>
  defineProcessManager(name, { events: [events], expiresAfter: { days: 1 } })
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

test('an app whose process managers expire has the aggregate that time reaches them through, whatever its naming; others have not', () => {
  const jobs = defineDomain('jobs', { aggregates: [job] })
  const registry = new Registry([jobs])
  expect(registry.hasEvent(idleCheckedType)).toBe(false)
  registry.register(defineDomain('one', { aggregates: [], processManagers: [expiring('a'), expiring('b')] }))
  registry.register(defineDomain('two', { aggregates: [], processManagers: [expiring('c')] }))
  expect(registry.hasEvent(idleCheckedType)).toBe(true)
  expect(registry.commandTypes).toEqual(['job.finish', idleCheckType])
  expect(registry.domains.map(({ name }) => name)).toEqual(['jobs', 'one', 'two'])
  const pascal = defineEvents('Thing', { Done: z.object({}) })
  const thing = defineProcessManager('thing', { events: [pascal], expiresAfter: { days: 1 } })
    .correlate({ 'Thing.Done': (e) => e.aggregateId })
    .on({ 'Thing.Done': () => [] })
  const things = defineDecider(pascal, () => null)
    .evolve({ Done: (s) => s })
    .decide(defineCommands('Thing', {}), {})
  expect(
    () => new Registry([defineDomain('things', { aggregates: [things], processManagers: [thing] })], { naming: 'Domain.Action' }),
  ).not.toThrow()
  const taken = defineDecider(defineEvents('cairn-process', { done: z.object({}) }), () => null)
    .evolve({ done: (s) => s })
    .decide(defineCommands('cairn-process', {}), {})
  const both = defineDomain('both', { aggregates: [job, taken], processManagers: [expiring('a')] })
  expect(() => new Registry([both])).toThrow(/"cairn-process" is defined twice/)
})
