/**
 * Stands around a bus. It may look at the message, hand another one to `next`, look at the result, or throw instead of
 * calling `next`, which refuses the message. The first one added is the outermost.
 */
export interface Middleware<M, R> {
  readonly process: (message: M, next: (message: M) => Promise<R>) => Promise<R>
}

/** One function of all the middleware and the core. It is built once per change, not once per message. */
export function composeMiddleware<M, R>(
  middleware: readonly Middleware<M, R>[],
  core: (message: M) => Promise<R>,
): (message: M) => Promise<R> {
  return middleware.reduceRight<(message: M) => Promise<R>>((next, layer) => (message) => layer.process(message, next), core)
}
