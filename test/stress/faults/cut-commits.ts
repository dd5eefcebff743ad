import { uuidv7, type AppendResult, type RecordedEvent } from '@cairn/core'
import type { PgEventStore } from '@cairn/infra/pg'
import type { TcpProxy } from '@cairn/testing/services'
import { answerOf, type Answered } from './effects.ts'
import { requestOf } from './requests.ts'

/** Transactions over two streams whose COMMIT reached PostgreSQL and whose answer did not come back. */
export async function cutCommits(store: PgEventStore, proxy: TcpProxy, withCommand: boolean): Promise<readonly Answered[]> {
  const requests = [requestOf(withCommand), requestOf(withCommand, `second-${uuidv7()}`)]
  const cut = proxy.cutBeforeAnswer((bytes) => bytes.includes('COMMIT'))
  const transaction = store.transaction('faults', async (tx) => {
    for (const request of requests) tx.append(request)
    await tx.resultOf({ id: uuidv7(), hash: '0'.repeat(64) })
  })
  const answers = await Promise.all(
    requests.map((request) =>
      answerOf(request, async ({ stream }) => {
        await transaction
        return storedAs(store, stream)
      }),
    ),
  )
  await cut
  return answers
}

/** A transaction answers without events: what it did is read. */
async function storedAs(store: PgEventStore, stream: AppendResult['stream']): Promise<AppendResult> {
  const events: RecordedEvent[] = []
  for await (const event of store.readStream(stream)) events.push(event)
  const last = events.at(-1)
  return { stream, events, version: last?.version ?? 0, position: last?.position ?? 0, duplicate: false }
}
