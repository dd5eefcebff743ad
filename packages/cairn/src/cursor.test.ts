import { describe, expect, it } from 'vitest'
import { formatCursor, parseCursor } from './cursor.ts'

const logId = '0195f2c4-7a3b-7c1d-8e2f-112233445566'

describe('a cursor', () => {
  it('says which log it belongs to, and comes back as it was', () => {
    expect(parseCursor(formatCursor({ logId, position: 42 }), logId)).toEqual({ logId, position: 42 })
    expect(parseCursor(formatCursor({ logId, position: 0 }), logId)).toEqual({ logId, position: 0 })
  })

  it('of another log is refused, not resumed', () => {
    const other = formatCursor({ logId: logId.replace('0195', '0196'), position: 42 })
    expect(() => parseCursor(other, logId)).toThrow(expect.objectContaining({ code: 'CAIRN_FOREIGN_LOG', retryable: false }))
  })

  it.each(['', '42', logId, `${logId}:`, `${logId}:-1`, `${logId}:1.5`, `${logId}:01`, `${logId}:9999999999999999`, ` ${logId}:1`])(
    'is not "%s"',
    (text) => {
      expect(() => parseCursor(text, logId)).toThrow(expect.objectContaining({ code: 'CAIRN_INVALID_INPUT' }))
    },
  )

  it.each([-1, 1.5, Number.NaN, 2 ** 53])('stands for no position %s', (position) => {
    expect(() => formatCursor({ logId, position })).toThrow(expect.objectContaining({ code: 'CAIRN_INVALID_INPUT' }))
  })
})
