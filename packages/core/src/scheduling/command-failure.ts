import { isCairnError, type CairnError } from '../errors/index.ts'
import type { CommandFailure } from '../ports/index.ts'
import { encodePayload } from '../validation/index.ts'

/** Characters of a message that are kept. */
const maxMessageLength = 8_000
/** 64 KiB: details are context, not content. */
const maxDetailsBytes = 65_536

/**
 * An error as it is kept with a failed command: JSON that every store takes, whatever was thrown. What is not a Cairn error has the
 * code `CAIRN_UNEXPECTED`. Details that JSON cannot carry are left out, and their place says why.
 */
export function commandFailure(error: unknown): CommandFailure {
  if (!isCairnError(error)) return { code: 'CAIRN_UNEXPECTED', message: messageOf(error), retryable: false }
  const failure = { code: textOf(error.code), message: messageOf(error), retryable: error.retryable === true }
  const details = detailsOf(error)
  return details === undefined ? failure : { ...failure, details }
}

/** The same failure without its details, which could not be stored for this reason. */
export function failureWithoutDetails({ code, message, retryable }: CommandFailure, reason: unknown): CommandFailure {
  return { code: textOf(code), message: textOf(message), retryable: retryable === true, details: notStored(reason) }
}

function detailsOf({ details }: CairnError): CommandFailure['details'] {
  try {
    // An error of another copy of the package, or of another make, may have none.
    const text = JSON.stringify(details, (_, value: unknown) => (typeof value === 'string' ? mended(value) : value)) as string | undefined
    if (text === undefined || text === '{}') return undefined
    const value: unknown = JSON.parse(text)
    encodePayload('the details', value, maxDetailsBytes)
    return isRecord(value) ? value : { value }
  } catch (reason) {
    return notStored(reason)
  }
}

function notStored(reason: unknown): NonNullable<CommandFailure['details']> {
  return { note: `The details could not be stored: ${messageOf(reason)}` }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function messageOf(error: unknown): string {
  try {
    return textOf(error instanceof Error ? error.message : error)
  } catch {
    return 'Something was thrown that has no text.'
  }
}

function textOf(value: unknown): string {
  const text = String(value)
  return mended(text.length > maxMessageLength ? `${text.slice(0, maxMessageLength)}…` : text)
}

/** Texts of others' errors may hold what jsonb does not take. */
function mended(text: string): string {
  return text.replaceAll('\0', '\ufffd').toWellFormed()
}
