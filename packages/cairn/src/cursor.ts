import { ForeignLogError, InvalidInputError } from '@cairn/core'

/** A place in one log, for systems outside of it. Only positions of events that were delivered belong into one. */
export interface Cursor {
  readonly logId: string
  readonly position: number
}

const pattern = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):(0|[1-9][0-9]{0,15})$/

export function formatCursor({ logId, position }: Cursor): string {
  if (!Number.isSafeInteger(position) || position < 0) {
    throw new InvalidInputError('position', `A position is a whole number from 0, not ${String(position)}.`)
  }
  return `${logId}:${position}`
}

/**
 * @param logId the log that the cursor must belong to
 * @throws InvalidInputError when the text is no cursor
 * @throws ForeignLogError when it is one of another log: a copy, or the state before a restore
 */
export function parseCursor(text: string, logId: string): Cursor {
  const [, cursorLogId, digits] = pattern.exec(text) ?? []
  const position = Number(digits)
  if (cursorLogId === undefined || !Number.isSafeInteger(position)) {
    throw new InvalidInputError('cursor', `"${text.slice(0, 100)}" is no cursor. One looks like the text that app.cursor(position) gives.`)
  }
  if (cursorLogId !== logId) throw new ForeignLogError(cursorLogId, logId)
  return { logId, position }
}
