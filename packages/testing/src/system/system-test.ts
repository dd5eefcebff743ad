import { aggregate, BusinessRuleViolation, defineCommands, defineDomain, defineEvents } from '@cairn/core'
import { z } from 'zod'

const level = z.enum(['debug', 'info', 'warn', 'error'])

/** What a system test leaves in the log. */
export const systemTestEvents = defineEvents('system-test', {
  messageLogged: z.object({ message: z.string(), level }),
  eventEmitted: z.object({ number: z.int(), of: z.int() }),
  executed: z.object({ name: z.string(), input: z.json(), tries: z.int() }),
})

/** Commands that ask a running system to show what it does. Each may be sent to a new id or to a known one. */
export const systemTestCommands = defineCommands('system-test', {
  /** One event. */
  logMessage: z.object({ message: z.string().min(1), level: level.default('info') }),
  /** Fails, for good, or so that it is tried again as often as the bus allows. */
  simulateFailure: z.object({ message: z.string().default('A failure was asked for.'), retryable: z.boolean().default(false) }),
  /** So many events in one commit. */
  emitMultipleEvents: z.object({ count: z.int().min(1).max(1_000) }),
  /** One event that carries the input back. */
  executeTest: z.object({ name: z.string().min(1), input: z.json().default(null) }),
  /** As executeTest, but it fails before its nth try in this process. */
  executeRetryableTest: z.object({ name: z.string().min(1), input: z.json().default(null), succeedsAt: z.int().min(1).default(2) }),
})

/** Tries by aggregate and test; a process that starts again begins anew. */
const tries = new Map<string, number>()

interface SystemTestState {
  readonly events: number
}

/** An aggregate without any business, for smoke tests of a deployment and of tools that read a log. */
export class SystemTest extends aggregate(systemTestEvents, (): SystemTestState => ({ events: 0 })) {
  static readonly handlers = this.handle(systemTestCommands, {
    logMessage: (test, { message, level: at }) => test.raise('messageLogged', { message, level: at }),
    simulateFailure: (_test, { message, retryable }) => {
      throw new BusinessRuleViolation(message, { retryable })
    },
    emitMultipleEvents: (test, { count }) => {
      for (let number = 1; number <= count; number++) test.raise('eventEmitted', { number, of: count })
    },
    executeTest: (test, { name, input }) => test.raise('executed', { name, input, tries: 1 }),
    executeRetryableTest: (test, { name, input, succeedsAt }) => {
      const key = `${test.id}\0${name}`
      const count = (tries.get(key) ?? 0) + 1
      tries.set(key, count)
      if (count < succeedsAt) throw new BusinessRuleViolation(`Try ${count} of test ${name} failed, as was asked for.`, { retryable: true })
      tries.delete(key)
      test.raise('executed', { name, input, tries: count })
    },
  })
  static readonly evolve = this.fold({
    messageLogged: (state) => ({ events: state.events + 1 }),
    eventEmitted: (state) => ({ events: state.events + 1 }),
    executed: (state) => ({ events: state.events + 1 }),
  })
}

/** To be listed beside an app's own domains. */
export const systemTest = defineDomain('system-test', { aggregates: [SystemTest] })
