/**
 * What travels with a command and with each event it causes.
 *
 * `correlationId` is shared by everything that one outside request set off; `causationId` is the id of the direct
 * parent (the command of an event, the event of a command). Keys not named here survive every round trip unchanged.
 */
export interface Metadata {
  readonly correlationId: string
  readonly causationId: string
  /** The version of the payload's schema, 1..n; upcasters lift older ones on read. */
  readonly schemaVersion: number
  readonly userId?: string
  readonly role?: string
  readonly requestId?: string
  readonly source?: string
  readonly tags?: readonly string[]
  /** W3C trace context. */
  readonly traceparent?: string
  readonly workflowId?: string
  readonly jobId?: string
  readonly projectId?: string
  readonly [key: string]: unknown
}
