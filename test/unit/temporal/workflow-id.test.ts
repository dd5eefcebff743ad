import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { commandWorkflowId, processWorkflowId, workflowId } from '@cairn/infra/temporal'

test('a workflow id is made of tenant, type and id, with the separators encoded in each', () => {
  expect(workflowId('acme', 'order', 'o1')).toBe('acme_order-o1')
  expect(workflowId('a_b', 'c-d', '100%')).toBe('a%5Fb_c%2Dd-100%25')
  expect(processWorkflowId('acme', 'order-fulfilment', 'o1')).toBe('acme__order%2Dfulfilment-o1')
  expect(commandWorkflowId('a_b-c', '0197a9c0-0000-7000-8000-000000000000')).toBe('a_b-c-0197a9c0-0000-7000-8000-000000000000')
})

test('names that would be ambiguous without encoding have ids of their own', () => {
  const ids = [
    workflowId('a', 'b_c', 'd'),
    workflowId('a_b', 'c', 'd'),
    workflowId('a', 'b-c', 'd'),
    workflowId('a', 'b', 'c-d'),
    workflowId('a_b-c', 'd', 'e'),
    workflowId('a', '_b', 'c'),
    processWorkflowId('a', 'b', 'c'),
    workflowId('a%5F', 'b', 'c'),
    workflowId('a_', 'b', 'c'),
  ]
  expect(new Set(ids).size).toBe(ids.length)
})

// Mostly of the characters that matter.
const name = fc.string({ unit: fc.constantFrom('a', 'b', '_', '-', '%', '2', '5', 'F', 'D', 'é'), minLength: 1, maxLength: 6 })

/** Every way to read a text as tenant, type and id: all that would be one id, if nothing were encoded. */
function readings(text: string): readonly (readonly [string, string, string])[] {
  const places = (char: string): number[] => [...text].flatMap((c, i) => (c === char ? [i] : []))
  const chars = [...text]
  return places('_').flatMap((u) =>
    places('-').flatMap((d): (readonly [string, string, string])[] =>
      d <= u + 1 || u === 0 || d === chars.length - 1
        ? []
        : [[chars.slice(0, u).join(''), chars.slice(u + 1, d).join(''), chars.slice(d + 1).join('')]],
    ),
  )
}

test('different aggregates and instances never share an id', () => {
  let pairs = 0
  fc.assert(
    fc.property(name, name, name, (tenant, type, id) => {
      const all = readings(`${tenant}_${type}-${id}`)
      pairs += all.length - 1
      const ids = [...all.map((parts) => workflowId(...parts)), ...all.map((parts) => processWorkflowId(...parts))]
      expect(new Set(ids).size).toBe(ids.length)
    }),
    { numRuns: 2_000 },
  )
  // The property was put to the test.
  expect(pairs).toBeGreaterThan(1_000)
})

test('an id can be taken apart again', () => {
  fc.assert(
    fc.property(name, name, name, (tenant, type, id) => {
      const [head = '', tail = ''] = workflowId(tenant, type, id).split('-')
      const parts = [...head.split('_'), tail].map(decodeURIComponent)
      expect(parts).toEqual([tenant, type, id])
    }),
  )
})

test('ids of long names stay within the limit of the server, and apart', () => {
  const names = ['-', '_', '%', '€'].map((char) => char.repeat(200))
  const ids = names.map((long) => workflowId(long, long, long))
  expect(ids.every((id) => Buffer.byteLength(id) <= 1_000)).toBe(true)
  expect(new Set(ids).size).toBe(ids.length)
})
