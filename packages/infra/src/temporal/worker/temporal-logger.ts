import type { LoggerPort, LogFields } from '@cairn/core'
import { IllegalStateError, type Logger, type LogLevel, type LogMetadata } from '@temporalio/common'
import { Runtime } from '@temporalio/worker'

type PortLevel = 'debug' | 'info' | 'warn' | 'error'

const portLevels: Readonly<Record<LogLevel, PortLevel>> = { TRACE: 'debug', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' }
const ranks: readonly PortLevel[] = ['debug', 'info', 'warn', 'error']

/** The port as Temporal's logger. @param least what is less is dropped */
export function temporalLogger(port: LoggerPort, least: PortLevel = 'info'): Logger {
  const logger = port.child({ component: 'temporal' })
  const log = (level: LogLevel, message: string, meta?: LogMetadata): void => {
    const to = portLevels[level]
    if (ranks.indexOf(to) >= ranks.indexOf(least)) logger[to](message, fieldsOf(meta))
  }
  return {
    log,
    trace: (message, meta) => log('TRACE', message, meta),
    debug: (message, meta) => log('DEBUG', message, meta),
    info: (message, meta) => log('INFO', message, meta),
    warn: (message, meta) => log('WARN', message, meta),
    error: (message, meta) => log('ERROR', message, meta),
  }
}

function fieldsOf(meta: LogMetadata | undefined): LogFields {
  if (meta === undefined) return {}
  const fields: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(meta)) fields[key] = typeof value === 'bigint' ? Number(value) : value
  return fields
}

/**
 * Sends what Temporal's own library has to say to the port, instead of to the terminal. Once per process, before the first
 * worker: later ones change nothing, nor does it change what an application has installed by itself.
 */
export function installRuntime(port: LoggerPort): void {
  try {
    Runtime.install({
      logger: temporalLogger(port, 'warn'),
      // Whoever runs the worker decides when it stops.
      shutdownSignals: [],
      telemetryOptions: { logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } } },
    })
  } catch (error) {
    // There is one already. (It goes with the last worker, so this cannot be remembered here.)
    if (!(error instanceof IllegalStateError)) throw error
  }
}
