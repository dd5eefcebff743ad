import { expect, test } from 'vitest'
import { activeTenants, queuesToServe, taskQueueOf } from '@cairn/infra/temporal'

test('one queue serves all tenants, or each has its own', () => {
  expect(taskQueueOf({ kind: 'shared', name: 'cairn' }, 'acme')).toBe('cairn')
  expect(taskQueueOf({ kind: 'tenant', tenants: [] }, 'acme')).toBe('tenant-acme')
  expect(queuesToServe({ kind: 'shared', name: 'cairn' })).toEqual(['cairn'])
  expect(queuesToServe({ kind: 'tenant', tenants: ['acme', 'bravo', 'acme'] })).toEqual(['tenant-acme', 'tenant-bravo'])
})

test('ACTIVE_TENANTS names tenants, separated by commas', () => {
  expect(activeTenants({ ACTIVE_TENANTS: ' acme, bravo,,' })).toEqual(['acme', 'bravo'])
  expect(activeTenants({})).toEqual([])
})
