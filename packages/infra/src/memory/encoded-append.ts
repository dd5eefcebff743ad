import {
  assertEventToStore,
  assertExpectedVersion,
  assertStreamKey,
  assertUuid,
  assertVersion,
  encodeMetadata,
  encodePayload,
  InvalidInputError,
  type AppendGroupRequest,
  type CommandReceipt,
  type EventToStore,
  type ExpectedVersion,
  type SnapshotToStore,
  type StreamKey,
} from '@cairn/core'

/** An append that was checked and turned into text: nothing the caller does to its request later can reach it. */
export interface EncodedAppend {
  readonly stream: StreamKey
  readonly expected: ExpectedVersion
  readonly parts: readonly EncodedPart[]
  readonly snapshot: EncodedSnapshot | undefined
}

export interface EncodedPart {
  readonly events: readonly EncodedEvent[]
  readonly command: EncodedReceipt | undefined
}

export interface EncodedEvent {
  readonly id: string
  readonly type: string
  readonly schemaVersion: number
  readonly payload: string
  readonly metadata: string
}

export interface EncodedReceipt {
  readonly id: string
  readonly hash: string
}

export interface EncodedSnapshot {
  readonly version: number
  readonly schemaVersion: number
  readonly state: string
}

/**
 * Checks a request and encodes it. A lone append is a group of one part.
 * @throws InvalidInputError, PayloadTooLargeError
 */
export function encodeAppend(request: AppendGroupRequest, maxPayloadBytes: number): EncodedAppend {
  assertStreamKey(request.stream)
  assertExpectedVersion(request.expected)
  if (request.parts.every((part) => part.events.length === 0 && part.command === undefined)) {
    throw new InvalidInputError('events', 'An append without events needs a command: otherwise there is nothing to store.')
  }
  const { tenantId, aggregateType, aggregateId } = request.stream
  const parts = request.parts.map((part) => encodePart(part, maxPayloadBytes))
  assertDistinctCommands(parts)
  return {
    stream: Object.freeze({ tenantId, aggregateType, aggregateId }),
    expected: request.expected,
    parts,
    snapshot: request.snapshot === undefined ? undefined : encodeSnapshot(request.snapshot),
  }
}

/** Ids are compared and kept in lower case, as PostgreSQL's uuid type does. */
export function encodeReceipt(command: CommandReceipt): EncodedReceipt {
  assertUuid('command id', command.id)
  if (!/^[0-9a-f]{64}$/.test(command.hash)) {
    throw new InvalidInputError('command.hash', `The hash of command ${command.id} must be SHA-256 in lower-case hex; use hashCommand.`)
  }
  return { id: command.id.toLowerCase(), hash: command.hash }
}

function encodePart(part: AppendGroupRequest['parts'][number], maxPayloadBytes: number): EncodedPart {
  return {
    events: part.events.map((event) => encodeEvent(event, maxPayloadBytes)),
    command: part.command === undefined ? undefined : encodeReceipt(part.command),
  }
}

function encodeEvent(event: EventToStore, maxPayloadBytes: number): EncodedEvent {
  assertEventToStore(event)
  return {
    id: event.id.toLowerCase(),
    type: event.type,
    schemaVersion: event.metadata.schemaVersion,
    payload: encodePayload(`event ${event.type}`, event.payload, maxPayloadBytes),
    metadata: encodeMetadata(`event ${event.type}`, event.metadata),
  }
}

function encodeSnapshot(snapshot: SnapshotToStore): EncodedSnapshot {
  assertVersion('snapshot.version', snapshot.version)
  assertVersion('snapshot.schemaVersion', snapshot.schemaVersion)
  return {
    version: snapshot.version,
    schemaVersion: snapshot.schemaVersion,
    // No limit: an append must not fail because the state it leads to has grown large.
    state: encodePayload('a snapshot', snapshot.state, Number.MAX_SAFE_INTEGER),
  }
}

function assertDistinctCommands(parts: readonly EncodedPart[]): void {
  const ids = new Set<string>()
  for (const { command } of parts) {
    if (command === undefined) continue
    if (ids.has(command.id)) throw new InvalidInputError('command.id', `Command id ${command.id} stands in two parts of one group.`)
    ids.add(command.id)
  }
}
