import { describe, expect, it } from 'vitest'
import { DetailsUnreadError, UnreadDetails, withSchemaVersion } from './unread-details.ts'

const looks: Readonly<Record<string, (unread: UnreadDetails) => unknown>> = {
  'a field of the metadata': (unread) => unread.metadata(1).correlationId,
  'a field nobody names': (unread) => unread.metadata(1)['tenantPlan'],
  'whether a field is there': (unread) => 'userId' in unread.metadata(1),
  'a copy of the metadata': (unread) => ({ ...unread.metadata(1) }),
  'its JSON': (unread) => JSON.stringify({ metadata: unread.metadata(1) }),
  'its keys': (unread) => Object.keys(unread.metadata(1)),
  'the time in milliseconds': (unread) => unread.recordedAt.getTime(),
  'the time as text': (unread) => `${unread.recordedAt.toISOString()}`,
  'the time as a number': (unread) => Number(unread.recordedAt),
  'a comparison of times': (unread) => unread.recordedAt < new Date(),
  'what the time is': (unread) => unread.recordedAt instanceof Date,
  'the JSON of the time': (unread) => JSON.stringify(unread.recordedAt),
}

describe('details that were not read', () => {
  it.each(Object.entries(looks))('notice who looks at %s', (_what, look) => {
    const unread = new UnreadDetails()
    expect(() => look(unread)).toThrow(DetailsUnreadError)
    expect(unread.wanted).toBe(true)
  })

  it('notice who looks and says nothing of it', () => {
    const unread = new UnreadDetails()
    const quiet = (): string => {
      try {
        return String(unread.metadata(1).userId)
      } catch {
        return 'nobody'
      }
    }
    expect(quiet()).toBe('nobody')
    expect(unread.wanted).toBe(true)
  })

  it('have the schema version, also of an event that was lifted, and notice nobody then', () => {
    const unread = new UnreadDetails()
    const lifted = withSchemaVersion(unread.metadata(1), 3)
    expect([unread.metadata(1).schemaVersion, lifted.schemaVersion]).toEqual([1, 3])
    const event = { metadata: lifted, recordedAt: unread.recordedAt }
    expect({ ...event }.metadata).toBe(lifted)
    expect(unread.wanted).toBe(false)
    expect(() => lifted.causationId).toThrow(DetailsUnreadError)
    expect(unread.wanted).toBe(true)
  })
})

it('metadata that was read is copied with the new schema version', () => {
  const stored = { correlationId: 'c', causationId: 'd', schemaVersion: 1, kept: true }
  expect(withSchemaVersion(stored, 2)).toEqual({ ...stored, schemaVersion: 2 })
})
