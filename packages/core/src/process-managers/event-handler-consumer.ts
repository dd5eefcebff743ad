import type { RecordedEvent } from '../contracts/index.ts'
import type { EventHandler } from '../event-bus/event-handler.ts'
import type { Consumer } from '../subscriptions/consumer.ts'
import { handlerConsumer, type HandlerConsumerOptions } from '../subscriptions/handler-consumer.ts'
import { handlerCommandBus, type HandlerCommandBus } from './deriving-command-bus.ts'

export interface EventHandlerConsumerOptions extends Omit<HandlerConsumerOptions, 'transactional' | 'types'> {
  /** Full event types to read, or every type; what the handler does not support of them is passed over. @default '*' */
  readonly types?: HandlerConsumerOptions['types']
  readonly bus: HandlerCommandBus
}

/**
 * A process manager in the class style on the subscription engine: `eventHandlerConsumer({ name: 'order-pm', bus }, (commands) =>
 * new OrderPM(commands))`. It handles each event at least once; the commands that it sends have derived ids, so each takes effect once.
 */
export function eventHandlerConsumer<E extends RecordedEvent>(
  { bus, types = '*', ...options }: EventHandlerConsumerOptions,
  make: (commands: HandlerCommandBus) => EventHandler<E>,
): Consumer {
  const commands = handlerCommandBus(bus, options.name)
  const handler = make(commands.bus)
  return handlerConsumer({ ...options, types }, async (event) => {
    if (!handler.supports(event)) return
    const supported = event
    await commands.handling(event, async () => handler.handle(supported))
  })
}
