import { AssertionError } from 'node:assert'
import { after, aggregate, cancelTimer, creates, defineCommands, defineEvents, defineProcessManager, type Intent } from '@cairn/core'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { inStream } from '../projections/in-stream.ts'
import { givenProcess } from './given-process.ts'

const a = defineEvents('a', { one: z.object({}), two: z.object({}) })
const b = defineEvents('b', { one: z.object({ a: z.string() }) })
const commands = defineCommands('b', { make: creates(z.object({ n: z.int() })), poke: z.object({}) })
const poke = commands.poke({ bId: 'b-1' })

const process = (reactTo: { readonly one?: () => readonly Intent[]; readonly other?: (seen: number) => readonly Intent[] }) =>
  defineProcessManager('p', { events: [a, b], initial: () => ({ seen: 0 }) })
    .correlate({ 'a.one': (e) => e.aggregateId, 'a.two': (e) => e.aggregateId, 'b.one': (e) => e.payload.a })
    .on({
      'a.one': (s) => ({ state: { seen: s.seen + 1 }, send: reactTo.one?.() ?? [] }),
      'a.two': (s) => ({ state: { seen: s.seen + 1 }, send: [cancelTimer('b.poke')], done: true }),
      'b.one': (s) => ({ state: { seen: s.seen + 1 }, send: reactTo.other?.(s.seen) ?? [], waitingFor: 'a' }),
    })

const one = inStream('x', a.one())
const two = inStream('x', a.two())
const other = inStream('b-1', b.one({ a: 'x' }))

test('each assertion passes where it holds and fails where it does not', () => {
  const outcome = givenProcess(process({ one: () => [poke, after({ minutes: 5 }, poke)] })).when(one)
  outcome
    .sends(poke, after({ minutes: 5 }, poke))
    .cancels()
    .leaves({ seen: 1 })
    .goesOn()
    .waitsFor(undefined)
  for (const wrong of [
    () => outcome.sends(poke),
    () => outcome.sends(after({ minutes: 5 }, poke), poke),
    () => outcome.sends(poke, after({ minutes: 6 }, poke)),
    () => outcome.sends(poke, after({ minutes: 5 }, poke, { timer: 'other' })),
    () => outcome.sends(poke, after({ minutes: 5 }, commands.poke({ bId: 'b-2' }))),
    () => outcome.cancels('b.poke'),
    () => outcome.leaves({ seen: 2 }),
    () => outcome.leaves(() => false),
    () => outcome.ends(),
    () => outcome.waitsFor('something'),
  ]) {
    expect(wrong).toThrow(AssertionError)
  }
})

test('a new aggregate’s id is any derived one, but a named id is that one', () => {
  const made = givenProcess(process({ one: () => [commands.make({ n: 1 })] })).when(one)
  made.sends(commands.make({ n: 1 }))
  expect(() => made.sends(commands.make({ n: 2 }))).toThrow(AssertionError)
  expect(() => made.sends(commands.make({ bId: 'b-7', n: 1 }))).toThrow(AssertionError)
})

test('timers that history set are cancelled by name', () => {
  const definition = process({ one: () => [after({ minutes: 5 }, poke)] })
  givenProcess(definition, one).when(two).sends().cancels('b.poke').ends()
  givenProcess(definition)
    .when(one, two)
    .sends(after({ minutes: 5 }, poke))
    .cancels('b.poke')
})

test('an order of streams that sends something else is found', () => {
  const fickle = process({ other: (seen) => (seen === 0 ? [poke] : []) })
  expect(() => givenProcess(fickle).when(one, other).whenReordered()).toThrow(/In the order b\.one, a\.one/)
  givenProcess(process({ other: () => [poke] }))
    .when(one, other)
    .whenReordered()
})

test('a process manager that is not pure is found when its events come twice', () => {
  let calls = 0
  // It counts what no instance keeps; run anew, it sends something else.
  const impure = process({ other: () => (calls++ === 0 ? [poke] : []) })
  expect(() => givenProcess(impure).when(other).whenRedelivered()).toThrow(/other commands/)
})

class Counted extends aggregate(b, () => ({ ones: 0 })) {
  static readonly handlers = this.handle(commands, { make: () => {}, poke: () => {} })
  static readonly evolve = this.fold({ one: ({ ones }) => ({ ones: ones + 1 }) })
}

test('what a reaction loads is what was given before its event, of its tenant', () => {
  const looking = defineProcessManager('looking', { events: [a, b] })
    .correlate({ 'a.two': (e) => e.aggregateId })
    .on({
      'a.two': (_s, _e, { loadAggregate, loadEvents }) => [
        commands.make({ n: loadAggregate(Counted, 'b-1').state.ones * 10 + loadEvents('b', 'b-1').length }),
      ],
    })
  const elsewhere = inStream({ aggregateId: 'b-1', tenantId: 'another' }, b.one({ a: 'x' }))
  const outcome = givenProcess(looking, other, elsewhere).when(other, two, other)
  outcome.sends(commands.make({ n: 22 })).whenRedelivered()
  // What it sends depends on the order of the streams, and that is found.
  expect(() => outcome.whenReordered()).toThrow(/other commands/)
  expect(() =>
    givenProcess(looking)
      .when(two)
      .sends(commands.make({ n: 22 })),
  ).toThrow(AssertionError)
  givenProcess(looking)
    .when(two)
    .sends(commands.make({ n: 0 }))
})

test('an instance that nothing comes for expires when its time is over, not before', () => {
  const timed = defineProcessManager('timed', {
    events: [a],
    initial: () => ({ seen: 0 }),
    expiresAfter: { days: 1 },
    expired: ({ seen }, _event, { instanceId }) => [commands.poke({ bId: `${instanceId} ${seen}` })],
  })
    .correlate({ 'a.one': (e) => e.aggregateId })
    .on({ 'a.one': ({ seen }) => ({ state: { seen: seen + 1 } }) })
  givenProcess(timed).when(one).sends().goesOn()
  givenProcess(timed, one, one)
    .whenQuietFor({ days: 1 })
    .sends(commands.poke({ bId: 'x 2' }))
    .cancels()
    .ends()
    .whenRedelivered()
  givenProcess(timed, one).whenQuietFor({ hours: 23 }).sends().goesOn().leaves({ seen: 1 })
  expect(() => givenProcess(timed).whenQuietFor({ days: 1 })).toThrow(/belongs to an instance/)
  expect(() => givenProcess(process({}), one).whenQuietFor({ days: 1 })).toThrow(/never expires/)
})

test('instances that are given beside the one of when(…) leave it alone', () => {
  const definition = process({ other: (seen) => (seen === 1 ? [poke] : []) })
  const elsewhere = inStream({ aggregateId: 'x', tenantId: 'another' }, a.one(), a.two())
  givenProcess(definition, one, inStream('y', a.one(), a.two()), elsewhere)
    .when(other)
    .sends(poke)
    .leaves({ seen: 2 })
    .goesOn()
    .whenRedelivered()
    .whenReordered()
  givenProcess(process({ one: () => [after({ minutes: 5 }, poke)] }), inStream('y', a.one()))
    .when(two)
    .cancels()
    .ends()
})

test('an event that correlates to another instance is found', () => {
  const wrong = defineProcessManager('wrong', { events: [a, b], initial: () => ({ seen: 0 }) })
    .correlate({ 'a.one': (e) => e.aggregateId, 'a.two': (e) => e.aggregateId, 'b.one': (e) => e.aggregateId })
    .on({
      'a.one': (s) => ({ state: { seen: s.seen + 1 } }),
      'a.two': (s) => ({ state: { seen: s.seen + 1 } }),
      'b.one': (s) => ({ state: { seen: s.seen + 1 } }),
    })
  expect(() => givenProcess(wrong).when(one, other)).toThrow(/one instance of wrong, and correlate to: test\/x, test\/b-1/)
  expect(() => givenProcess(process({})).when(one, inStream({ aggregateId: 'x', tenantId: 'another' }, a.two()))).toThrow(/another\/x/)
  givenProcess(wrong, one).when(other).leaves({ seen: 1 })
})

test('a state with codecs is given and compared as reactions see it', () => {
  const day = z.codec(z.iso.datetime(), z.date(), { decode: (text) => new Date(text), encode: (date) => date.toISOString() })
  const dated = defineProcessManager('dated', {
    events: [a],
    initial: () => ({ last: new Date(0), days: 0 }),
    state: z.object({ last: day, days: z.int() }),
  })
    .correlate({ 'a.one': (e) => e.aggregateId })
    .on({ 'a.one': ({ last, days }) => ({ state: { last: new Date(last.getTime() + 86_400_000), days: days + 1 } }) })
  const outcome = givenProcess(dated, one).when(one)
  outcome
    .leaves({ last: new Date(172_800_000), days: 2 })
    .leaves(({ last }: { readonly last: Date }) => last.getUTCDate() === 3)
    .whenRedelivered()
  for (const wrong of [
    { last: new Date(0), days: 2 },
    { last: new Date(172_800_000).toISOString(), days: 2 },
  ]) {
    expect(() => outcome.leaves(wrong)).toThrow(AssertionError)
  }
})
