import type { Metadata } from '../contracts/index.ts'
import type { DispatchOptions } from './dispatch-options.ts'

const passedOn = ['role', 'requestId', 'source', 'tags', 'traceparent', 'workflowId', 'jobId', 'projectId'] as const

/** The metadata of a command that is dispatched with these options. */
// A factory makes payloads of the newest version of their schema; a command's own versions do not reach the log.
export function commandMetadata(commandId: string, options: DispatchOptions): Metadata {
  const metadata: Record<string, unknown> = { ...options.metadata }
  for (const field of passedOn) if (options[field] !== undefined) metadata[field] = options[field]
  const userId = options.userId ?? options.actor
  if (userId !== undefined) metadata['userId'] = userId
  const correlationId = options.correlationId ?? text(metadata['correlationId']) ?? commandId
  const causationId = options.causationId ?? text(metadata['causationId']) ?? correlationId
  return Object.assign(metadata, { correlationId, causationId, schemaVersion: 1 })
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
