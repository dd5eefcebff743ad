import type { LoggerPort } from '../ports/index.ts'
import type { EventMiddleware } from './event-bus.ts'

/** One line per published event, at debug, with its ids and how many handlers it had. */
export function eventLogging(logger: LoggerPort): EventMiddleware {
  const log = logger.child({ component: 'event-bus' })
  return {
    process: async (event, next) => {
      const report = await next(event)
      log.debug('Event published', {
        tenantId: event.tenantId,
        correlationId: event.metadata.correlationId,
        causationId: event.metadata.causationId,
        eventId: event.id,
        eventType: event.type,
        aggregateId: event.aggregateId,
        version: event.version,
        handled: report.handled,
        failed: report.failures.length,
      })
      return report
    },
  }
}
