import { defaultExponential, defaultFailurePolicy, type FailurePolicy, type RetryBackoff, type RetryPolicy } from './failure-policy.ts'

/** What a definition says of its failures. What it leaves out, or says is undefined, is the default. */
export interface FailureOptions {
  readonly retry?: { readonly [K in keyof RetryPolicy]?: RetryPolicy[K] | undefined } | undefined
  readonly onExhausted?: FailurePolicy['onExhausted'] | undefined
  readonly blockKey?: boolean | undefined
  readonly maxWaiting?: number | undefined
}

/**
 * The whole policy, checked: a number that is none would try an event for ever, or without a pause.
 * @param refuse makes the error: it names what is being defined, and is told what is wrong with it
 * @throws what `refuse` makes
 */
export function resolveFailurePolicy(
  options: FailureOptions,
  refuse: (problem: string) => Error,
  defaults: FailurePolicy = defaultFailurePolicy,
): FailurePolicy {
  const { onExhausted = defaults.onExhausted, blockKey = defaults.blockKey, maxWaiting = defaults.maxWaiting, retry = {} } = options
  if (onExhausted !== 'park' && onExhausted !== 'stop')
    throw refuse(`has onExhausted ${JSON.stringify(onExhausted)}: it must be 'park' or 'stop'`)
  if (typeof blockKey !== 'boolean') throw refuse(`has blockKey ${String(blockKey)}: it must be true or false`)
  if (!Number.isSafeInteger(maxWaiting) || maxWaiting < 0) throw refuse(`has maxWaiting ${maxWaiting}: it must be a whole number from 0 on`)
  const { attempts = defaults.retry.attempts, jitter = defaults.retry.jitter, backoff = defaults.retry.backoff } = retry
  if (attempts !== Infinity && !(Number.isSafeInteger(attempts) && attempts >= 1))
    throw refuse(`has retry.attempts ${attempts}: it must be a whole number from 1 on, or Infinity`)
  if (!isNumber(jitter) || jitter < 0 || jitter > 1) throw refuse(`has retry.jitter ${jitter}: it must be a number from 0 to 1`)
  return Object.freeze({
    retry: Object.freeze({ attempts, backoff: wholeBackoff(backoff, refuse), jitter }),
    onExhausted,
    blockKey,
    maxWaiting,
  })
}

function wholeBackoff(backoff: RetryBackoff, refuse: (problem: string) => Error): RetryBackoff {
  const check = (name: string, value: number, least: number): number => {
    if (isNumber(value) && value >= least) return value
    throw refuse(`has retry.backoff.${name} ${String(value)}: it must be a number from ${least} on`)
  }
  switch (backoff?.kind) {
    case 'fixed':
      return Object.freeze({ kind: backoff.kind, delayMs: check('delayMs', backoff.delayMs, 0) })
    case 'exponential': {
      const { firstMs = defaultExponential.firstMs, factor = defaultExponential.factor, maxMs = defaultExponential.maxMs } = backoff
      check('firstMs', firstMs, 0)
      check('factor', factor, 1)
      return Object.freeze({ kind: backoff.kind, firstMs, factor, maxMs: check('maxMs', maxMs, 0) })
    }
    case 'custom':
      if (typeof backoff.delayMs === 'function') return backoff
      throw refuse(`has retry.backoff.delayMs ${String(backoff.delayMs)}: it must be a function of the try that failed`)
    default:
      throw refuse(`has retry.backoff ${JSON.stringify(backoff)}: its kind must be 'fixed', 'exponential' or 'custom'`)
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}
