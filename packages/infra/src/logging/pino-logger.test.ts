import { DatabaseUnavailableError, StreamClosedError } from '@cairn/core'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { pinoLogger } from './pino-logger.ts'
import type { PinoLoggerOptions } from './pino-logger-options.ts'

type Line = Readonly<Record<string, unknown>>

function written(options: PinoLoggerOptions = {}): {
  readonly logger: ReturnType<typeof pinoLogger>
  readonly lines: () => readonly Line[]
} {
  const texts: string[] = []
  const logger = pinoLogger({ level: 'debug', output: { write: (line) => void texts.push(line) }, env: {}, ...options })
  return { logger, lines: () => texts.map((text): Line => JSON.parse(text)) }
}

/** The levels of the lines that get through when each level is logged once. */
function levelsWritten(options: PinoLoggerOptions): readonly unknown[] {
  const texts: string[] = []
  const logger = pinoLogger({ output: { write: (line) => void texts.push(line) }, ...options })
  for (const level of ['debug', 'info', 'warn', 'error'] as const) logger[level](level)
  return levelsIn(texts.join(''))
}

function levelsIn(text: string): readonly unknown[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line).level)
}

describe('pinoLogger', () => {
  test('writes one JSON line with level, time, message and fields', () => {
    const { logger, lines } = written()
    logger.info('stored', { tenantId: 't-1', count: 2 })
    expect(lines()).toEqual([
      { level: 'info', time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/), message: 'stored', tenantId: 't-1', count: 2 },
    ])
  })

  test('has every level of the port', () => {
    const { logger, lines } = written()
    logger.debug('a')
    logger.info('b')
    logger.warn('c')
    logger.error('d')
    expect(lines().map((line) => [line['level'], line['message']])).toEqual([
      ['debug', 'a'],
      ['info', 'b'],
      ['warn', 'c'],
      ['error', 'd'],
    ])
  })

  test('puts tenant, correlation and component of its parents on every line', () => {
    const { logger, lines } = written({ fields: { component: 'shop' } })
    const child = logger.child({ tenantId: 't-1' }).child({ correlationId: 'c-1' })
    child.info('one')
    child.child({ component: 'billing' }).warn('two', { extra: true })
    logger.info('three')
    expect(lines()).toMatchObject([
      { component: 'shop', tenantId: 't-1', correlationId: 'c-1', message: 'one' },
      { component: 'billing', tenantId: 't-1', correlationId: 'c-1', message: 'two', extra: true },
      { component: 'shop', message: 'three' },
    ])
    expect(lines()[2]).not.toHaveProperty('tenantId')
  })

  test('writes a Cairn error with code, details, stack and causes', () => {
    const { logger, lines } = written()
    const cause = Object.assign(new Error('connect ECONNREFUSED', { cause: 'the plug' }), { code: 'ECONNREFUSED' })
    logger.error('append failed', { error: new DatabaseUnavailableError('an append', cause) })
    logger.warn('append refused', { error: new StreamClosedError({ tenantId: 't', aggregateType: 'order', aggregateId: 'o' }) })
    expect(lines()).toMatchObject([
      {
        error: {
          name: 'DatabaseUnavailableError',
          code: 'CAIRN_DATABASE_UNAVAILABLE',
          retryable: true,
          message: expect.stringContaining('an append'),
          stack: expect.stringContaining('pino-logger.test.ts'),
          cause: { name: 'Error', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED', cause: 'the plug' },
        },
      },
      { error: { code: 'CAIRN_STREAM_CLOSED', retryable: false, details: { stream: { aggregateId: 'o' } } } },
    ])
  })

  test('writes errors of other kinds, and what is no error at all', () => {
    const { logger, lines } = written()
    logger.error('several', { error: new AggregateError([new TypeError('one'), 'two'], 'both') })
    logger.error('text', { error: 'only text' })
    logger.error('nothing', { error: undefined })
    expect(lines()).toMatchObject([
      { error: { name: 'AggregateError', errors: [{ name: 'TypeError', message: 'one' }, 'two'] } },
      { error: 'only text' },
      {},
    ])
  })

  test('does not follow causes for ever', () => {
    const { logger, lines } = written()
    const error = new Error('round')
    error.cause = error
    logger.error('circle', { error })
    expect(JSON.stringify(lines()).split('"round"')).toHaveLength(7)
  })

  test('never throws, whatever it is given', () => {
    const { logger, lines } = written()
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    const hostile = {
      get trap(): string {
        throw new Error('sprung')
      },
    }
    logger.info('circle', { circle })
    logger.info('bigint', { big: 10n })
    logger.info('getter', hostile)
    logger.info('nested getter', { hostile })
    expect(lines().map((line) => line['message'])).toEqual(['circle', 'bigint', 'getter', 'nested getter'])
  })

  test('takes its level from LOG_LEVEL, and the option before it', () => {
    expect(levelsWritten({ env: {} })).toEqual(['info', 'warn', 'error'])
    expect(levelsWritten({ env: { LOG_LEVEL: '' } })).toEqual(['info', 'warn', 'error'])
    expect(levelsWritten({ env: { LOG_LEVEL: 'WARN' } })).toEqual(['warn', 'error'])
    expect(levelsWritten({ env: { LOG_LEVEL: 'silent' } })).toEqual([])
    expect(levelsWritten({ env: { LOG_LEVEL: 'silent' }, level: 'debug' })).toEqual(['debug', 'info', 'warn', 'error'])
  })

  test('names the variable that it cannot read', () => {
    expect(() => pinoLogger({ env: { LOG_LEVEL: 'loud' } })).toThrow(/LOG_LEVEL must be one of .*"loud"/)
    expect(() => pinoLogger({ env: { LOG_ERRORS_TO_STDERR: 'perhaps' } })).toThrow(/LOG_ERRORS_TO_STDERR .*"perhaps"/)
  })

  test('sends errors to the error output alone when asked to, from children too', () => {
    const errors: string[] = []
    const { logger, lines } = written({ errorsToStderr: true, errorOutput: { write: (line) => void errors.push(line) } })
    logger.warn('stays')
    logger.error('goes')
    logger.child({ component: 'x' }).error('goes too')
    expect(lines().map((line) => line['message'])).toEqual(['stays'])
    expect(errors.map((text) => JSON.parse(text).message)).toEqual(['goes', 'goes too'])
  })

  test.each([
    ['1', ['info', 'warn'], ['error']],
    ['true', ['info', 'warn'], ['error']],
    ['0', ['info', 'warn', 'error'], []],
    ['', ['info', 'warn', 'error'], []],
  ])('writes to the real outputs with LOG_ERRORS_TO_STDERR=%j', async (flag, onOutput, onError) => {
    const script = `
      import { pinoLogger } from ${JSON.stringify(new URL('pino-logger.ts', import.meta.url).href)}
      const logger = pinoLogger()
      for (const level of ['debug', 'info', 'warn', 'error']) logger[level](level)`
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
      env: { ...process.env, LOG_LEVEL: 'info', LOG_ERRORS_TO_STDERR: flag, NODE_OPTIONS: '--no-warnings' },
    })
    expect([levelsIn(stdout), levelsIn(stderr)]).toEqual([onOutput, onError])
  })
})
