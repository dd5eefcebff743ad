import { isCairnError } from '../errors/index.ts'
import type { LogFields, LoggerPort } from '../ports/index.ts'
import type { CommandMessage, CommandMiddleware } from './command-message.ts'

/**
 * One line per command, with tenant, correlation and component: accepted ones at debug, those refused for good at info,
 * failures that may pass at warn, everything else at error.
 */
export function commandLogging(logger: LoggerPort): CommandMiddleware {
  const log = logger.child({ component: 'command-bus' })
  return {
    process: async (message, next) => {
      const start = performance.now()
      try {
        const result = await next(message)
        const { aggregateId, version, events, duplicate } = result
        log.debug('Command accepted', { ...fieldsOf(message, start), aggregateId, version, events: events.length, duplicate })
        return result
      } catch (error) {
        const fields = { ...fieldsOf(message, start), error }
        if (!isCairnError(error)) log.error('Command failed', fields)
        else if (error.retryable) log.warn('Command failed; it may be sent again', { ...fields, code: error.code })
        else log.info('Command refused', { ...fields, code: error.code })
        throw error
      }
    },
  }
}

function fieldsOf({ command, tenantId, inTransaction }: CommandMessage, start: number): LogFields {
  return {
    tenantId,
    correlationId: command.metadata.correlationId,
    commandId: command.id,
    commandType: command.type,
    aggregateId: command.aggregateId,
    durationMs: Math.round((performance.now() - start) * 1_000) / 1_000,
    ...(inTransaction ? { inTransaction } : {}),
  }
}
