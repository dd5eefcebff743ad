import {
  handlerConsumer,
  InvalidInputError,
  processManagerSubscription,
  UnknownSubscriptionError,
  type RecordedEvent,
  type Registry,
  type HandlerContext as EngineContext,
} from '@cairn/core'
import type { Background } from '../background.ts'
import { asHandler } from '../closing-gate.ts'
import type { AppSubscription } from './app-subscription.ts'
import { resolveFrom } from './resolve-from.ts'
import type { HandlerContext, SubscribeHandler, SubscribeOptions } from './subscribe-options.ts'
import { typesMatching } from './types-matching.ts'

/** Stores a subscription, or finds it, and runs its handler in this process. */
export async function subscribe<P extends string>(
  background: Background,
  registry: Registry,
  name: string,
  options: SubscribeOptions<RecordedEvent, P>,
  handler: SubscribeHandler<RecordedEvent, P>,
): Promise<AppSubscription> {
  background.assertEnabled()
  if (registry.projectionNames.includes(name)) {
    throw new InvalidInputError('name', `${name} is a projection of this app; a subscription needs a name of its own.`)
  }
  const owner = registry.processManagerNames.find((processManager) => processManagerSubscription(processManager) === name)
  if (owner !== undefined) {
    throw new InvalidInputError('name', `${name} is what process manager ${owner} reads by; a subscription needs a name of its own.`)
  }
  const { types, from, ...rest } = options
  const { engine, ports } = background
  const startAfter = await resolveFrom(ports.reader, from)
  const consumer = handlerConsumer<RecordedEvent>(
    { ...rest, name, types: typesMatching(types, registry.eventTypes), startAfter },
    (event, context) => asHandler(() => handler(event, contextOf(background, context))),
  )
  await background.add(consumer)
  const { key } = consumer.spec
  return {
    name,
    waitFor: (position, wait) => background.waitForKeys(position, [key], wait),
    async status() {
      const status = await ports.subscriptions.get(key)
      if (status === undefined) throw new UnknownSubscriptionError(name, [])
      return status
    },
    stop: () => engine.remove(key),
  }
}

function contextOf({ ports }: Background, { idempotencyKey, attempt, retried, signal, tx }: EngineContext): HandlerContext {
  return {
    idempotencyKey,
    attempt,
    retried,
    signal,
    get sql() {
      if (tx !== undefined) return ports.handlerSqlOf(tx)
      throw new InvalidInputError(
        'sql',
        'Only a transactional subscription has SQL in the transaction of its checkpoint: say transactional: true.',
      )
    },
  }
}
