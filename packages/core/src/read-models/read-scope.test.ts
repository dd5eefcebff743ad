import { describe, expect, test } from 'vitest'
import { isReadable, readScope, redact } from './read-scope.ts'
import type { RoleAccess } from './table-model.ts'

const all = (...hidden: readonly string[]): RoleAccess => ({ rule: { rows: 'all' }, hidden })
const own = (column: string, ...hidden: readonly string[]): RoleAccess => ({ rule: { rows: 'own', column }, hidden })

describe('readScope', () => {
  test('is undefined where no rule is for the role', () => {
    expect(readScope({ readAccess: undefined }, 'staff')).toBeUndefined()
    expect(readScope({ readAccess: {} }, 'staff')).toBeUndefined()
    for (const role of [undefined, '', '*', 'visitor', 'toString', '__proto__'])
      expect(readScope({ readAccess: { staff: all() } }, role)).toBeUndefined()
  })

  test('takes a role’s own rules and those of everybody together', () => {
    const readAccess = { '*': own('owner', 'secret'), staff: all('salary'), agent: own('agent') }
    expect(readScope({ readAccess }, undefined)).toEqual({ all: false, own: ['owner'], hidden: new Set(['secret']) })
    expect(readScope({ readAccess }, 'staff')).toEqual({ all: true, own: ['owner'], hidden: new Set(['salary']) })
    expect(readScope({ readAccess }, 'agent')).toEqual({ all: false, own: ['agent', 'owner'], hidden: new Set() })
  })

  test('lets everybody be everybody, a caller of role * included', () => {
    expect(readScope({ readAccess: { '*': all() } }, '*')).toMatchObject({ all: true })
  })
})

describe('isReadable', () => {
  test('asks for the user in one of the own columns', () => {
    const scope = readScope({ readAccess: { '*': own('owner'), agent: own('agent') } }, 'agent')
    expect(isReadable(scope, 'ann', { owner: 'ann', agent: 'bob' })).toBe(true)
    expect(isReadable(scope, 'bob', { owner: 'ann', agent: 'bob' })).toBe(true)
    expect(isReadable(scope, 'eve', { owner: 'ann', agent: 'bob' })).toBe(false)
    expect(isReadable(scope, undefined, { owner: undefined, agent: null })).toBe(false)
    expect(isReadable(scope, '', { owner: '', agent: '' })).toBe(false)
    expect(isReadable(undefined, 'ann', { owner: 'ann' })).toBe(false)
  })
})

describe('redact', () => {
  test('leaves hidden columns out and changes nothing else', () => {
    const row = { id: 'a', margin: 3, note: null }
    expect(redact({ all: true, own: [], hidden: new Set(['margin']) }, row)).toEqual({ id: 'a', note: null })
    expect(redact({ all: true, own: [], hidden: new Set() }, row)).toBe(row)
  })
})
