import { describe, expect, test } from 'vitest'
import { matchesPumpFilter, parsePumpFilter } from './pump-filter.ts'

describe('a filter', () => {
  test.each([
    ['status=eq.pending', { column: 'status', operator: 'eq', values: ['pending'] }],
    ['type=eq.order.created', { column: 'type', operator: 'eq', values: ['order.created'] }],
    ['note=eq.', { column: 'note', operator: 'eq', values: [''] }],
    ['total=gte.1e3', { column: 'total', operator: 'gte', values: ['1e3'] }],
    ['status=in.(a,b)', { column: 'status', operator: 'in', values: ['a', 'b'] }],
    ['status=in.(a, "b,c", "say \\"x\\"")', { column: 'status', operator: 'in', values: ['a', 'b,c', 'say "x"'] }],
    ['status=in.()', { column: 'status', operator: 'in', values: [''] }],
  ])('%s is read', (text, filter) => {
    expect(parsePumpFilter(text)).toEqual(filter)
  })

  test.each([
    ['status', 'column=operator.value'],
    ['=eq.x', 'column=operator.value'],
    ['status=pending', 'column=operator.value'],
    ['status=like.x', 'the operator "like"'],
    ['status=in.a,b', 'brackets'],
    ['status=in.("a)', 'cannot be read'],
    ['status=in.(a"b)', 'cannot be read'],
  ])('%s is refused, with what is wrong', (text, message) => {
    expect(() => parsePumpFilter(text)).toThrow(message)
  })

  test.each([
    ['n=eq.10', { n: 10 }, true],
    ['n=eq.10.0', { n: 10 }, true],
    ['n=lt.9', { n: 10 }, false],
    ['n=lt.9', { n: '10' }, true],
    ['n=neq.9', { n: null }, false],
    ['n=neq.9', {}, false],
    ['n=neq.9', { n: [1] }, false],
    ['ok=eq.true', { ok: true }, true],
    ['status=in.(a,b)', { status: 'b' }, true],
    ['status=in.(a,b)', { status: 'c' }, false],
  ])('%s of %j is %s', (text, row, matches) => {
    expect(matchesPumpFilter(parsePumpFilter(text), row)).toBe(matches)
  })
})
