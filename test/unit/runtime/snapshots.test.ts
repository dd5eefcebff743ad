import { aggregate, AggregateRepository, CommandBus, defineCommands, defineEvents, toAggregateModel, versions } from '@cairn/core'
import type { AggregateModel, LogFields, LoggerPort, StreamKey } from '@cairn/core'
import { InMemoryEventStore } from '@cairn/infra/memory'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { WatchedStore } from './watched-store.ts'

const noteEvents = defineEvents('note', { written: z.object({ text: z.string() }), struck: z.object({ index: z.int() }) })
const noteCommands = defineCommands('note', { write: z.object({ text: z.string() }), strike: z.object({ index: z.int() }) })
const State = z.object({ lines: z.array(z.string()), struck: z.record(z.string(), z.int()) })
type State = z.output<typeof State>

const base = () => aggregate(noteEvents, (): State => ({ lines: [], struck: {} }))

/** A note that keeps a snapshot whenever its version reaches or passes a multiple of `every`. */
function noteModel(every: number | undefined, schema: Parameters<ReturnType<typeof base>['snapshotEvery']>[1] = State): AggregateModel {
  class Note extends base() {
    static readonly handlers = this.handle(noteCommands, {
      write: (note, payload) => note.raise('written', payload),
      strike: (note, { index }) => {
        if (note.state.lines[index] !== undefined) note.raise('struck', { index })
      },
    })
    static readonly evolve = this.fold({
      written: (s, e) => ({ ...s, lines: [...s.lines, e.text] }),
      struck: (s, e) => ({ ...s, struck: { ...s.struck, [String(e.index)]: (s.struck[String(e.index)] ?? 0) + 1 } }),
    })
    static readonly snapshots = every === undefined ? this.snapshotNever() : this.snapshotEvery(every, schema)
  }
  return toAggregateModel(Note)
}

class RecordingLogger implements LoggerPort {
  readonly lines: { level: string; message: string; fields: LogFields | undefined }[] = []
  debug(message: string, fields?: LogFields): void {
    this.lines.push({ level: 'debug', message, fields })
  }
  info(message: string, fields?: LogFields): void {
    this.lines.push({ level: 'info', message, fields })
  }
  warn(message: string, fields?: LogFields): void {
    this.lines.push({ level: 'warn', message, fields })
  }
  error(message: string, fields?: LogFields): void {
    this.lines.push({ level: 'error', message, fields })
  }
  child(): LoggerPort {
    return this
  }
}

const stream: StreamKey = { tenantId: 't', aggregateType: 'note', aggregateId: 'n' }
const write = (text: string) => noteCommands.write({ noteId: 'n', text })

describe('loading with snapshots', () => {
  it('gives the same state as folding everything, for any history, cadence and grouping', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('write' as const), text: fc.string({ unit: 'grapheme', maxLength: 8 }) }),
      fc.record({ kind: fc.constant('strike' as const), index: fc.nat(12) }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 7 }),
        fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { maxLength: 10 }),
        async (every, batches) => {
          const store = new InMemoryEventStore()
          const model = noteModel(every)
          const bus = new CommandBus({ store, models: [model], defaultTenantId: 't' })
          for (const batch of batches) {
            await Promise.all(
              batch.map((s) => bus.dispatch(s.kind === 'write' ? write(s.text) : noteCommands.strike({ noteId: 'n', index: s.index }))),
            )
          }
          const loaded = await store.load(stream)
          const repository = new AggregateRepository({ store })
          const restored = await repository.load(model, stream)
          const folded = await repository.load(noteModel(undefined), stream)
          expect(restored).toEqual(folded)
          expect(loaded.snapshot === undefined ? loaded.version : loaded.version - loaded.snapshot.version).toBeLessThan(Math.max(every, 7))
          expect(loaded.snapshot !== undefined).toBe(loaded.version >= every)
        },
      ),
      { numRuns: 150 },
    )
  })

  it('decides and snapshots on what a replay sees: a field that is undefined is not there', async () => {
    const events = defineEvents('person', { updated: z.object({ name: z.string(), phone: z.string().optional() }) })
    const commands = defineCommands('person', { update: z.object({ name: z.string(), phone: z.string().optional() }) })
    const Person = z.object({ name: z.string(), phone: z.string().optional() })
    const personModel = (every: number | undefined): AggregateModel => {
      class PersonAggregate extends aggregate(events, (): z.output<typeof Person> => ({ name: '' })) {
        static readonly handlers = this.handle(commands, { update: (person, payload) => person.raise('updated', payload) })
        static readonly evolve = this.fold({ updated: (s, e) => ({ ...s, ...e }) })
        static readonly snapshots = every === undefined ? this.snapshotNever() : this.snapshotEvery(every, Person)
      }
      return toAggregateModel(PersonAggregate)
    }
    const store = new InMemoryEventStore()
    const bus = new CommandBus({ store, models: [personModel(2)], defaultTenantId: 't' })
    await bus.dispatch(commands.update({ personId: 'p', name: 'ann', phone: '123' }))
    await bus.dispatch(commands.update({ personId: 'p', name: 'bob', phone: undefined }))
    const person: StreamKey = { tenantId: 't', aggregateType: 'person', aggregateId: 'p' }
    expect((await store.load(person)).snapshot?.version).toBe(2)
    for (const every of [2, undefined])
      expect((await new AggregateRepository({ store }).load(personModel(every), person)).state).toEqual({ name: 'bob', phone: '123' })
  })

  it.for([
    ['a NUL in a key', (text: string) => `${text}\0`],
    ['half of a character', (text: string) => `${text}\u{1f600}`.slice(0, -1)],
  ] as const)('stores the events where the snapshot holds what no store takes: %s', async ([, keyOf]) => {
    const Counts = z.record(z.string(), z.int())
    class Counted extends aggregate(noteEvents, (): z.output<typeof Counts> => ({})) {
      static readonly handlers = this.handle(noteCommands, {
        write: (note, payload) => note.raise('written', payload),
        strike: (note, payload) => note.raise('struck', payload),
      })
      static readonly evolve = this.fold({ written: (s, e) => ({ ...s, [keyOf(e.text)]: 1 }), struck: (s) => s })
      static readonly snapshots = this.snapshotEvery(1, Counts)
    }
    const logger = new RecordingLogger()
    const bus = new CommandBus({ store: new InMemoryEventStore(), models: [toAggregateModel(Counted)], defaultTenantId: 't', logger })
    expect(await bus.dispatch(write('a'))).toMatchObject({ version: 1 })
    expect(await bus.dispatch(write('b'))).toMatchObject({ version: 2 })
    expect(logger.lines.filter(({ message }) => message.startsWith('A snapshot that was due could not be made'))).toHaveLength(2)
  })

  it('reads only the tail', async () => {
    const store = new InMemoryEventStore()
    const bus = new CommandBus({ store, models: [noteModel(5)], defaultTenantId: 't' })
    for (let i = 0; i < 12; i++) await bus.dispatch(write(String(i)))
    const loaded = await store.load(stream)
    expect(loaded.snapshot?.version).toBe(10)
    expect(loaded.events).toHaveLength(2)
  })

  const OldState = z.object({ all: z.array(z.string()) })

  it.each([
    ['has a schema version from the future', { schemaVersion: 9, state: { lines: [], struck: {} } }],
    ['does not fit its schema', { schemaVersion: 1, state: { lines: 'broken' } }],
    ['is null', { schemaVersion: 1, state: null }],
  ])('replays the whole stream, and says so, when the snapshot %s', async (_, snapshot) => {
    const inner = new InMemoryEventStore()
    const bus = new CommandBus({ store: inner, models: [noteModel(undefined)], defaultTenantId: 't' })
    for (const text of ['a', 'b', 'c']) await bus.dispatch(write(text))
    await inner.append({
      stream,
      expected: 3,
      events: [],
      command: { id: write('x').id, hash: 'a'.repeat(64) },
      snapshot: { version: 2, ...snapshot },
    })
    const logger = new RecordingLogger()
    const store = new WatchedStore(inner)
    const repository = new AggregateRepository({ store, logger })
    expect(await repository.load(noteModel(100), stream)).toMatchObject({ version: 3, state: { lines: ['a', 'b', 'c'] } })
    expect(store.counts.load).toBe(2)
    expect(logger.lines).toMatchObject([{ level: 'warn', fields: { tenantId: 't', aggregateId: 'n', snapshotVersion: 2 } }])
  })

  it('replays when the aggregate keeps no snapshots any more', async () => {
    const store = new InMemoryEventStore()
    const bus = new CommandBus({ store, models: [noteModel(2)], defaultTenantId: 't' })
    for (const text of ['a', 'b', 'c']) await bus.dispatch(write(text))
    expect(await new AggregateRepository({ store }).load(noteModel(undefined), stream)).toMatchObject({
      version: 3,
      state: { lines: ['a', 'b', 'c'] },
    })
  })

  it('lifts a snapshot of an older schema', async () => {
    const store = new InMemoryEventStore()
    const chain = versions(OldState)
      .next(State)
      .from((old) => ({ lines: old.all, struck: {} }))
    await new CommandBus({ store, models: [noteModel(undefined)], defaultTenantId: 't' }).dispatch(write('a'))
    await store.append({
      stream,
      expected: 1,
      events: [],
      command: { id: write('x').id, hash: 'a'.repeat(64) },
      snapshot: { version: 1, schemaVersion: 1, state: { all: ['from the snapshot'] } },
    })
    const loaded = await new AggregateRepository({ store }).load(noteModel(100, chain), stream)
    expect(loaded).toMatchObject({ version: 1, state: { lines: ['from the snapshot'] } })
  })

  it('stores the events even when their snapshot cannot be made', async () => {
    const store = new InMemoryEventStore()
    const logger = new RecordingLogger()
    const Short = z.object({ lines: z.array(z.string().max(3)), struck: z.record(z.string(), z.int()) })
    const bus = new CommandBus({ store, models: [noteModel(1, Short)], defaultTenantId: 't', logger })
    expect(await bus.dispatch(write('longer than three'))).toMatchObject({ version: 1 })
    expect((await store.load(stream)).snapshot).toBeUndefined()
    expect(logger.lines.map((l) => l.level)).toContain('warn')
  })
})
