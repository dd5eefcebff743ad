/** Names one aggregate's stream. `tenantId` and `aggregateId` are text of 1..200 characters. */
export interface StreamKey {
  readonly tenantId: string
  readonly aggregateType: string
  readonly aggregateId: string
}

/** `tenant/type/id`, for messages and log lines; not unique when the parts hold slashes. */
export function describeStream(key: StreamKey): string {
  return `${key.tenantId}/${key.aggregateType}/${key.aggregateId}`
}

/** A unique text for maps: NUL cannot occur in any part, so distinct keys never meet. */
export function streamMapKey(key: StreamKey): string {
  return `${key.tenantId}\0${key.aggregateType}\0${key.aggregateId}`
}
