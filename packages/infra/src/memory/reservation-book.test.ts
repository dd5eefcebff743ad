import { expect, test } from 'vitest'
import { ReservationBook, ReservationHolder } from './reservation-book.ts'

test('a transaction that ended while it waited for a value holds nothing afterwards', async () => {
  const book = new ReservationBook()
  const [first, second, third] = [new ReservationHolder(), new ReservationHolder(), new ReservationHolder()]
  await book.reserve(first, 'acme', 'email', 'ann')
  const reserving = Promise.allSettled([book.reserve(second, 'acme', 'email', 'ann'), book.release(second, 'acme', 'email', 'ann')])
  book.end(second, false)
  book.end(first, false)
  // Whoever waited for it then would do so for ever, and let nobody else have a turn.
  const stopped = { status: 'rejected', reason: { code: 'CAIRN_STOPPED' } }
  expect(await reserving).toMatchObject([stopped, stopped])
  await book.reserve(third, 'acme', 'email', 'ann')
})
