import type { Domain } from '@cairn/core'
import type { Cairn } from './cairn.ts'
import type { CairnOptions } from './cairn-options.ts'
import { createCairn } from './create-cairn.ts'

export interface WorkerOptions<D extends Domain> {
  /** Called when the app is up: the place to subscribe. */
  readonly started?: ((app: Cairn<D>) => void | Promise<void>) | undefined
  /** Ends the worker. @default SIGINT and SIGTERM */
  readonly signal?: AbortSignal | undefined
}

/**
 * A process that does background work and nothing else: it feeds projections, and runs what `started` subscribes. Resolves when it
 * was told to end and everything under way is done.
 * @throws as `createCairn`, and what `started` throws
 */
export async function worker<D extends Domain>(config: CairnOptions<D>, { started, signal }: WorkerOptions<D> = {}): Promise<void> {
  const ending = signal === undefined ? signals() : { signal, release: () => undefined }
  try {
    await using app = await createCairn({ ...config, background: config.background === false ? true : config.background })
    await started?.(app)
    await aborted(ending.signal)
  } finally {
    ending.release()
  }
}

function signals(): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController()
  const end = (): void => controller.abort()
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
  return {
    signal: controller.signal,
    release: () => {
      process.off('SIGINT', end)
      process.off('SIGTERM', end)
    },
  }
}

/** Keeps the process alive until then. */
async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const alive = setInterval(() => undefined, 60_000)
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  clearInterval(alive)
}
