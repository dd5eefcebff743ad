import { wanted, idsOf, type WriterStep } from './writer.ts'

/** Many callers of one store at once, as an application has them: their appends share round trips. */
export const batches: WriterStep = async (writer) => {
  const { store, ledger, random } = writer
  const appends = wanted(writer, random.between(1, 25))
  await Promise.all(appends.map(({ stream, events }) => store.append({ stream, expected: 'any', events })))
  ledger.commit(idsOf(appends))
  return idsOf(appends).length
}
