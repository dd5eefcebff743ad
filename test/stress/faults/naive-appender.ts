import type { PgDatabase } from '@cairn/infra/pg'
import type { TcpProxy } from '@cairn/testing/services'
import { AppSession } from '../support/app-session.ts'
import type { CheckDatabase } from '../support/check-database.ts'
import type { Answered } from './effects.ts'
import { requestOf } from './requests.ts'

/** The negative control: an appender without receipts that sends again when its connection breaks. */
export async function appendNaively(
  proxied: CheckDatabase,
  signer: PgDatabase['signer'],
  proxy: TcpProxy,
  rounds: number,
): Promise<readonly Answered[]> {
  const answers: Answered[] = []
  for (let round = 0; round < rounds; round++) {
    const request = requestOf(false)
    const cut = proxy.cutBeforeAnswer((bytes) => bytes.includes(`append_${proxied.schema}`))
    const attempt = async (): Promise<void> => {
      const session = await AppSession.open(proxied, signer)
      try {
        await session.mustAppend(request.stream, request.events)
      } finally {
        await session.close().catch(() => undefined)
      }
    }
    await attempt().catch(attempt)
    await cut
    answers.push({ request, result: undefined, error: undefined })
  }
  return answers
}
