import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Contestant, OpenContestant, System } from '../contestants/contestant.ts'
import type { Row } from '../rows/row.ts'
import { profile } from '../profile/profile.ts'
import { runFor } from '../workload/work.ts'
import { checkOrder } from './check-order.ts'
import { processorTime, usedBetween } from './processor-time.ts'
import type { Answers, Question, Reply } from './protocol.ts'

// One system alone in one process: no other system's garbage, types or connections disturb its figures.

const openers: Readonly<Record<System, () => Promise<OpenContestant>>> = {
  cairn: async () => (await import('../contestants/cairn.ts')).openCairn,
  emmett: async () => (await import('../contestants/emmett.ts')).openEmmett,
  evtstore: async () => (await import('../contestants/evtstore.ts')).openEvtstore,
  floor: async () => (await import('../contestants/floor.ts')).openFloor,
}

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

let contestant: Contestant | undefined
let row: Row | undefined

async function answer(question: Question): Promise<Answers[keyof Answers]> {
  if (question.ask === 'prepare') {
    row = question.row
    contestant = await (await openers[question.system]())(question.url, question.schema)
    return contestant.prepare(row)
  }
  if (contestant === undefined || row === undefined) throw new Error('Nothing was prepared.')
  switch (question.ask) {
    case 'renew':
      if (row.shape.kind === 'command') await contestant.renew(row)
      return null
    case 'measure': {
      const work = await contestant.work(row, question.variant)
      const { witness } = contestant
      const before = await witness.stored()
      collectGarbage()
      const processorBefore = await processorTime(witness.client)
      const timed = await runFor(work, question.seconds)
      const processor = usedBetween(processorBefore, await processorTime(witness.client))
      const after = await witness.stored()
      return {
        ...timed,
        processor,
        variant: question.variant,
        eventsAdded: after.events - before.events,
        receiptsAdded: after.receipts === undefined || before.receipts === undefined ? undefined : after.receipts - before.receipts,
      }
    }
    case 'order':
      return checkOrder(contestant, row, question.variant, question.seconds)
    case 'profile':
      return profile(await contestant.work(row, question.variant), question.seconds, question.file)
    case 'stored':
      return contestant.witness.stored()
    case 'drop':
      await contestant.drop(question.variant)
      return null
    case 'close':
      await contestant.close()
      contestant = undefined
      return null
  }
}

process.on('message', (question: Question) => {
  void reply(question)
})

async function reply(question: Question): Promise<void> {
  let result: Reply
  try {
    result = { ok: true, value: await answer(question) }
  } catch (error) {
    result = { ok: false, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
  process.send?.(result)
  if (question.ask === 'close') process.disconnect?.()
}

// Ctrl-C reaches the whole process group; the parent decides, and closes us in order.
process.on('SIGINT', () => undefined)
// The parent is gone: nothing here is worth finishing.
process.on('disconnect', () => process.exit(0))
