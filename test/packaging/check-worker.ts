import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { provideTemporal } from '@cairn/testing/services'
import type { Check } from './check-tarball.ts'
import { run } from './run.ts'

/** A project's own program: plain JavaScript, as what is published is. */
const program = (address: string): string => `
import { aggregate, CommandBus, defineCommands, defineEvents, toAggregateModel } from '@cairn/core'
import { InMemoryCommandStore, InMemoryEventStore } from '@cairn/infra/memory'
import { temporal } from '@cairn/infra/temporal'
import { z } from 'zod'

const events = defineEvents('journal', { noted: z.object({ text: z.string() }) })
const journal = defineCommands('journal', { note: z.object({ text: z.string() }) })
class Journal extends aggregate(events, () => ({})) {
  static handlers = this.handle(journal, { note: (it, { text }) => it.raise('noted', { text }) })
  static evolve = this.fold({ noted: (state) => state })
}
const store = new InMemoryEventStore()
const commands = new InMemoryCommandStore()
const bus = new CommandBus({ store, models: [toAggregateModel(Journal)] })
const { scheduler, stop } = temporal({ address: ${JSON.stringify(address)}, worker: { requireUtc: false } }).start({ bus, commands })
const { id, type, aggregateType, aggregateId, payload } = journal.note({ journalId: 'a', text: 'x' })
const metadata = { correlationId: id, causationId: id, schemaVersion: 1 }
const { status } = await scheduler.schedule({ id, tenantId: 't', type, aggregateType, aggregateId, payload, metadata })
const read = []
for await (const event of store.readStream({ tenantId: 't', aggregateType: 'journal', aggregateId: 'a' })) read.push(event.type)
if (status !== 'processed' || read.join() !== 'journal.noted') throw new Error(\`It is \${status}, and the log holds: \${read.join()}\`)
await stop()
`

/** A worker bundles its workflows out of the installed files: in a project that has them, a command goes through a real server. */
export async function checkWorker(folder: string): Promise<Check> {
  const server = await provideTemporal()
  try {
    await writeFile(join(folder, 'worker.js'), program(server.address))
    const { code, output } = await run(process.execPath, ['worker.js'], folder)
    return { title: 'a Temporal worker of the installed packages carries a command out', problem: code === 0 ? undefined : output }
  } finally {
    await server.stop()
  }
}
