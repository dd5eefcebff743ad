import type { Buffer } from 'node:buffer'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EventStorePort } from '@cairn/core'
import type { TcpProxy } from '@cairn/testing/services'
import { answerOf, type Answered } from './effects.ts'
import { requestOf } from './requests.ts'

const longestWaitMs = 2_000

/** Appends whose answer is lost: PostgreSQL got the statement and committed, and the connection broke. `happened` counts the cuts. */
export async function cutAnswers(
  store: EventStorePort,
  proxy: TcpProxy,
  schema: string,
  shape: { readonly batch: number; readonly withCommand: boolean; readonly cuts: number },
): Promise<{ readonly answers: readonly Answered[]; readonly happened: number }> {
  // The statement's name is in every message that runs it, prepared or not.
  const statements = [`${schema}_append_one`, `${schema}_append_many`]
  const requests = Array.from({ length: shape.batch }, () => requestOf(shape.withCommand))
  const matches = (bytes: Buffer): boolean => statements.some((name) => bytes.includes(name))
  let happened = 0
  const cut = Array.from({ length: shape.cuts }, () => proxy.cutBeforeAnswer(matches).then(() => happened++))
  const answers = await Promise.all(requests.map((request) => answerOf(request, (r) => store.append(r))))
  // One that gives up after the first cut never meets the second.
  await Promise.race([Promise.all(cut), sleep(longestWaitMs, undefined, { ref: false })])
  return { answers, happened }
}
