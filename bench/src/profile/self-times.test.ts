import { expect, test } from 'vitest'
import { selfTimes } from './self-times.ts'

const frame = (functionName: string) => ({ functionName, url: 'file:///home/me/node_modules/pg/lib/client.js', lineNumber: 6 })

test('time belongs to the function at the top of the stack, added up over its places in the tree', () => {
  const times = selfTimes({
    nodes: [
      { id: 1, callFrame: frame('query') },
      { id: 2, callFrame: frame('parse') },
      { id: 3, callFrame: frame('query') },
    ],
    samples: [1, 2, 3],
    timeDeltas: [100, 300, 100],
  })
  expect(times).toEqual([
    { name: 'parse', where: 'pg/lib/client.js:7', share: 0.6 },
    { name: 'query', where: 'pg/lib/client.js:7', share: 0.4 },
  ])
})
