import { expect, test } from 'vitest'
import { selfTimes, sharesByPackage } from './self-times.ts'

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

const time = (where: string, name = 'f') => ({ name, where, share: 0.25 })

test('shares are added up by package, by the workspace folder, and for native code by its name', () => {
  expect(
    sharesByPackage([
      time('packages/infra/src/pg/a.ts:1'),
      time('packages/infra/src/pg/b.ts:9'),
      time('@slonik/x/y.js:3'),
      time('', 'writev'),
    ]),
  ).toEqual([
    { name: 'packages/infra', share: 0.5 },
    { name: '@slonik/x', share: 0.25 },
    { name: 'writev', share: 0.25 },
  ])
})
