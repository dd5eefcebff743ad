import type { EventToStore } from '../contracts/event.ts'
import type { Metadata } from '../contracts/metadata.ts'
import { InvalidInputError } from '../errors/input.ts'
import { encodePayload } from './encode-payload.ts'
import { assertUuid } from './ids.ts'

/** 64 KiB: metadata is context, not content. */
export const maxMetadataBytes = 65_536

/**
 * Checks an event's id, type and metadata; `encodePayload` and `encodeMetadata` check the rest where they make the text.
 * @throws InvalidInputError
 */
export function assertEventToStore(event: EventToStore): void {
  assertUuid('event id', event.id)
  assertText('event type', event.type)
  assertMetadata(event.metadata)
}

/** The JSON text of metadata, with the checks of `encodePayload`. @throws InvalidInputError, PayloadTooLargeError */
export function encodeMetadata(what: string, metadata: Metadata): string {
  return encodePayload(`the metadata of ${what}`, metadata, maxMetadataBytes)
}

const optionalTexts = ['userId', 'role', 'requestId', 'source', 'traceparent', 'workflowId', 'jobId', 'projectId'] as const

/** @throws InvalidInputError unless the known fields have their types; unknown fields may hold any JSON */
export function assertMetadata(metadata: Metadata): void {
  if (typeof metadata !== 'object' || metadata === null) throw new InvalidInputError('metadata', 'An event needs metadata, an object.')
  assertText('metadata.correlationId', metadata.correlationId)
  assertText('metadata.causationId', metadata.causationId)
  if (!Number.isSafeInteger(metadata.schemaVersion) || metadata.schemaVersion < 1) {
    throw new InvalidInputError(
      'metadata.schemaVersion',
      `metadata.schemaVersion must be a whole number from 1 on, not ${String(metadata.schemaVersion)}.`,
    )
  }
  for (const field of optionalTexts) if (metadata[field] !== undefined) assertText(`metadata.${field}`, metadata[field])
  const tags: unknown = metadata.tags
  if (tags !== undefined && !(Array.isArray(tags) && tags.every((tag) => typeof tag === 'string'))) {
    throw new InvalidInputError('metadata.tags', 'metadata.tags must be an array of text.')
  }
}

function assertText(field: string, value: unknown): void {
  if (typeof value !== 'string') throw new InvalidInputError(field, `${field} must be text, not ${value === null ? 'null' : typeof value}.`)
  if (value === '') throw new InvalidInputError(field, `${field} is empty.`)
  if (value.length > 1_000) throw new InvalidInputError(field, `${field} is longer than 1,000 characters.`)
  if (value.includes('\0')) throw new InvalidInputError(field, `${field} holds a NUL character (U+0000), which PostgreSQL cannot store.`)
  if (!value.isWellFormed()) throw new InvalidInputError(field, `${field} holds half of a surrogate pair, which is not valid Unicode.`)
}
