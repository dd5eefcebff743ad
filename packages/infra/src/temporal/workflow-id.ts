import { createHash } from 'node:crypto'

/** The server takes ids of up to so many bytes. */
const maxBytes = 1_000

/** The entity workflow of an aggregate: different aggregates never share one. */
export function workflowId(tenantId: string, aggregateType: string, aggregateId: string): string {
  return withinLimit(`${encode(tenantId)}_${encode(aggregateType)}-${encode(aggregateId)}`)
}

/** The workflow of a process manager's instance. The second underscore tells it from any aggregate's. */
export function processWorkflowId(tenantId: string, processManager: string, instanceId: string): string {
  return withinLimit(`${encode(tenantId)}__${encode(processManager)}-${encode(instanceId)}`)
}

/** The workflow of a user's own that a command started. Its id is a UUID, of known length, so nothing needs encoding. */
export function commandWorkflowId(tenantId: string, commandId: string): string {
  return `${tenantId}-${commandId}`
}

const codes: Readonly<Record<string, string>> = { '%': '%25', _: '%5F', '-': '%2D' }

/** The separators, and the sign that encodes them. */
function encode(part: string): string {
  return part.replaceAll(/[%_-]/g, (char) => codes[char] ?? char)
}

/** Names of 200 characters can be far longer in bytes. `%sha256` cannot come out of `encode`. */
function withinLimit(id: string): string {
  if (Buffer.byteLength(id) <= maxBytes) return id
  return `%sha256:${createHash('sha256').update(id).digest('hex')}`
}
