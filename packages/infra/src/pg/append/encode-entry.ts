import {
  assertEventToStore,
  assertExpectedVersion,
  assertStreamKey,
  assertUuid,
  assertVersion,
  encodeMetadata,
  encodePayload,
  InvalidInputError,
  streamMapKey,
  uuidv7,
  type AppendGroupRequest,
  type CommandReceipt,
  type Metadata,
} from '@cairn/core'
import type { AppendEntry, EncodedEvent, Receipt } from './append-entry.ts'

/** Rough size of an event's other columns, for the limit of a batch. */
const rowOverhead = 200

/** Checks an append and writes its payloads as text, once. @throws InvalidInputError, PayloadTooLargeError */
export function encodeEntry(request: AppendGroupRequest, maxPayloadBytes: number): AppendEntry {
  assertStreamKey(request.stream)
  assertExpectedVersion(request.expected)
  const events: EncodedEvent[] = []
  const receipts: Receipt[] = []
  let bytes = 0
  let encoded: Metadata | undefined
  let metadata: string | undefined
  for (const part of request.parts) {
    receipts.push(encodeReceipt(part.command, events.length, part.events.length, maxPayloadBytes))
    for (const event of part.events) {
      assertEventToStore(event)
      const payload = encodePayload(`event ${event.type}`, event.payload, maxPayloadBytes)
      // The events of a command come with one object, which stays one text.
      if (metadata === undefined || event.metadata !== encoded) {
        metadata = encodeMetadata(`event ${event.type}`, event.metadata)
        encoded = event.metadata
      }
      events.push({ id: event.id.toLowerCase(), type: event.type, payload, metadata })
      bytes += payload.length + metadata.length + rowOverhead
    }
  }
  if (request.parts.length === 0 || (events.length === 0 && request.parts.every((part) => part.command === undefined))) {
    throw new InvalidInputError('events', 'An append without events needs a command: otherwise there is nothing to store.')
  }
  if (receipts.length > 1 && new Set(receipts.map((receipt) => receipt.id.toLowerCase())).size < receipts.length) {
    throw new InvalidInputError('parts', 'One command id stands in two parts of an append.')
  }
  const { snapshot } = request
  if (snapshot !== undefined) {
    assertVersion('snapshot.version', snapshot.version)
    assertVersion('snapshot.schemaVersion', snapshot.schemaVersion)
  }
  const encodedSnapshot = snapshot && {
    version: snapshot.version,
    schemaVersion: snapshot.schemaVersion,
    // No limit: an append must not fail because its snapshot is large.
    state: encodePayload(`the snapshot of ${request.stream.aggregateType}`, snapshot.state, Number.MAX_SAFE_INTEGER),
  }
  return {
    stream: request.stream,
    key: streamMapKey(request.stream),
    expected: request.expected,
    events,
    receipts,
    snapshot: encodedSnapshot,
    bytes: bytes + (encodedSnapshot?.state.length ?? 0),
  }
}

function encodeReceipt(command: CommandReceipt | undefined, offset: number, count: number, maxPayloadBytes: number): Receipt {
  if (command === undefined) return { id: uuidv7(), hash: '', offset, count, audit: null }
  assertReceipt(command)
  const audit =
    command.audit === undefined ? null : encodePayload(`command ${command.audit.type}`, command.audit, maxPayloadBytes + rowOverhead)
  return { id: command.id, hash: command.hash, offset, count, audit }
}

/** @throws InvalidInputError */
export function assertReceipt(command: CommandReceipt): void {
  assertUuid('command id', command.id)
  if (!/^[0-9a-f]{64}$/.test(command.hash)) {
    throw new InvalidInputError('command.hash', 'A command hash is SHA-256 in lower-case hex; see hashCommand.')
  }
}
