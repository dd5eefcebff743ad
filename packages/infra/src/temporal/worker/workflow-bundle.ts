import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LoggerPort } from '@cairn/core'
import { bundleWorkflowCode, type WorkflowBundle } from '@temporalio/worker'
import { temporalLogger } from './temporal-logger.ts'

/** Of this folder, as source or as published: the ending is ours. */
const file = (path: string): string => fileURLToPath(new URL(`../workflows/${path}${extname(import.meta.url)}`, import.meta.url))

/** Cairn's own workflows. */
export const workflowsPath = file('index')
/** Goes into every bundle whose workflows are started by commands. */
export const workflowInterceptors: readonly string[] = [file('finish-command')]

const bundles = new Map<string, Promise<WorkflowBundle>>()

/**
 * The workflows as one script for the sandbox; made once per process (about a second).
 * @param path a module that exports the workflows: a user's own beside `export * from '@cairn/infra/temporal/workflows'`
 */
export function workflowBundle(logger: LoggerPort, path: string = workflowsPath, modules: readonly string[] = []): Promise<WorkflowBundle> {
  const key = [path, ...modules].join('\0')
  let bundle = bundles.get(key)
  if (bundle === undefined) {
    bundle = bundleWorkflowCode({
      workflowsPath: path,
      workflowInterceptorModules: [...workflowInterceptors, ...modules],
      logger: temporalLogger(logger, 'warn'),
    })
    bundle.catch(() => bundles.delete(key))
    bundles.set(key, bundle)
  }
  return bundle
}
