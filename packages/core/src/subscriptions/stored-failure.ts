import { isCairnError } from '../errors/cairn-error.ts'
import type { StoredFailure } from '../ports/subscription-store.port.ts'

/** Messages are cut here: they are stored, and shown in lists. */
const maxMessage = 2_000

/** An error as it is stored: text that every database takes. */
export function storedFailure(
  error: unknown,
  about: { readonly event?: { readonly id: string; readonly position: number } | undefined; readonly attempts: number; readonly at: Date },
): StoredFailure {
  return {
    category: clean(categoryOf(error)),
    message: clean(messageOf(error)),
    eventId: about.event?.id,
    position: about.event?.position,
    attempts: about.attempts,
    at: about.at,
  }
}

function categoryOf(error: unknown): string {
  if (isCairnError(error)) return error.code
  return error instanceof Error ? error.name : typeof error
}

function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message
  try {
    return String(error)
  } catch {
    return 'A value that has no text was thrown.'
  }
}

function clean(text: string): string {
  return text.slice(0, maxMessage).replaceAll('\0', '').toWellFormed()
}
