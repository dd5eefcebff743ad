import { assertProgress, type EventToPark, type Progress, type StoredFailure } from '@cairn/core'
import { plainArray } from '../connection/array-literal.ts'
import { writeParkingKey } from './parking-key.ts'

/** A message may quote whatever it failed on. */
const maxMessageLength = 10_000

/** A progress as subscription_commit takes it. */
export interface ProgressColumns {
  readonly checkpoint: number | null
  readonly park: string | null
  readonly unpark: string | null
}

/** @throws InvalidInputError */
export function progressColumns(progress: Progress): ProgressColumns {
  assertProgress(progress)
  const { checkpoint, park = [], unpark = [] } = progress
  return {
    checkpoint: checkpoint ?? null,
    park: park.length === 0 ? null : JSON.stringify(park.map(parkedRow)),
    unpark: unpark.length === 0 ? null : plainArray(unpark),
  }
}

/** As jsonb takes it: without NUL and lone surrogates, which an error's text may hold. */
export function failureJson(failure: StoredFailure | undefined): string | null {
  return failure === undefined ? null : JSON.stringify(failureRow(failure))
}

function parkedRow({ parkingKey, position, eventId, tenantId, type, status, failure }: EventToPark) {
  return {
    parkingKey: writeParkingKey(parkingKey),
    position,
    eventId,
    tenantId,
    type,
    status,
    ...(failure === undefined ? {} : { failure: failureRow(failure) }),
  }
}

function failureRow(failure: StoredFailure) {
  return { ...failure, category: storable(failure.category), message: storable(failure.message) }
}

function storable(text: string): string {
  return text.slice(0, maxMessageLength).replaceAll('\0', '\u{FFFD}').toWellFormed()
}
