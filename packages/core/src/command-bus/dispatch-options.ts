import type { ExpectedVersion, RecordedEvent } from '../contracts/index.ts'

/** Who sends a command, for whom, and what it belongs to. All of it ends up in the metadata of the events. */
export interface DispatchOptions {
  /** @default the default tenant, where one is set; otherwise a tenant must be named */
  readonly tenantId?: string | undefined
  /** Who acts: another word for `userId`, which wins when both are given. */
  readonly actor?: string | undefined
  readonly userId?: string | undefined
  /** What policies look at. */
  readonly role?: string | undefined
  /** Shared by everything that one outside request sets off. @default the command's id */
  readonly correlationId?: string | undefined
  /** The id of the direct parent. @default the correlation id */
  readonly causationId?: string | undefined
  readonly requestId?: string | undefined
  readonly source?: string | undefined
  readonly tags?: readonly string[] | undefined
  /** W3C trace context. */
  readonly traceparent?: string | undefined
  readonly workflowId?: string | undefined
  readonly jobId?: string | undefined
  readonly projectId?: string | undefined
  /** Further keys, any JSON; the named options win over keys of the same name. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
  /**
   * The version at which the caller saw the aggregate (an ETag, say). If it has moved on when the command is decided, the
   * answer is a `VersionConflictError` with the actual version, and nothing is tried again. @default not checked
   */
  readonly expectedVersion?: ExpectedVersion | undefined
}

/**
 * The options for a command that an event gave rise to: the same tenant and correlation, the event as its cause, and the
 * user, role, tags and unknown keys handed on.
 */
export function causedBy(event: Pick<RecordedEvent, 'id' | 'tenantId' | 'metadata'>): DispatchOptions {
  const { schemaVersion: _, ...metadata } = event.metadata
  return { tenantId: event.tenantId, causationId: event.id, metadata }
}
