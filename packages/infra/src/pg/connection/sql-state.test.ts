import { DatabaseError } from 'pg'
import { SlonikError } from 'slonik'
import { expect, it } from 'vitest'
import { driverError } from './driver-error.ts'
import { isConnectionFailure, provesRollback, sqlStateOf } from './sql-state.ts'

const ofTheSystem = (code: string): Error => Object.assign(new Error(`write ${code}`), { code, syscall: 'write' })

function ofTheServer(code: string): Error {
  const error = new DatabaseError('Refused.', 7, 'error')
  return Object.assign(error, { code, severity: 'ERROR' })
}

it.each(['EPIPE', 'ECONNRESET', 'ECONNREFUSED'])('takes %s of a socket for a lost connection, not for an answer of the server', (code) => {
  for (const error of [ofTheSystem(code), new Error('Wrapped.', { cause: ofTheSystem(code) }), driverError(ofTheSystem(code), 'select')]) {
    expect([sqlStateOf(error), isConnectionFailure(error), provesRollback(error)]).toEqual([undefined, true, false])
  }
})

it('tells a lost connection to the database from one of the user’s own', () => {
  expect(driverError(ofTheSystem('EPIPE'), 'select')).toBeInstanceOf(SlonikError)
})

it.each(['23505', '40P01', 'P0001', 'XX000', 'ZC001', 'EMAIL'])(
  'takes %s of the server for its answer, which undid the statement',
  (code) => {
    for (const error of [ofTheServer(code), driverError(ofTheServer(code), 'select')]) {
      expect([sqlStateOf(error), isConnectionFailure(error), provesRollback(error)]).toEqual([code, false, true])
    }
  },
)
