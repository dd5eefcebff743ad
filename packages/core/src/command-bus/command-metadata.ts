import type { Metadata } from '../contracts/index.ts'
import type { DispatchOptions } from './dispatch-options.ts'

const passedOn = ['role', 'requestId', 'source', 'tags', 'traceparent', 'workflowId', 'jobId', 'projectId'] as const

/** The metadata of a command, or of events, that are sent with these options. @param id the correlation of what nothing else set off */
export function commandMetadata(id: string, schemaVersion: number, options: DispatchOptions): Metadata {
  const metadata: Record<string, unknown> = { ...options.metadata }
  for (const field of passedOn) if (options[field] !== undefined) metadata[field] = options[field]
  const userId = options.userId ?? options.actor
  if (userId !== undefined) metadata['userId'] = userId
  const correlationId = options.correlationId ?? text(metadata['correlationId']) ?? id
  const causationId = options.causationId ?? text(metadata['causationId']) ?? correlationId
  return Object.assign(metadata, { correlationId, causationId, schemaVersion })
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
