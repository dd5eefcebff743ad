import { orderFulfilment } from '@cairn/example-shop'
import { Client, Connection } from '@temporalio/client'
import { expect, test } from 'vitest'
import { ProcessForwarder, resolveRouterOptions, sharedQueue } from '@cairn/infra/temporal'

test('events go to their instances side by side: the slower the server, the more of them belong together', async () => {
  const connection = Connection.lazy({ address: '127.0.0.1:1' })
  const forwarder = new ProcessForwarder(new Client({ connection }), sharedQueue, [orderFulfilment], resolveRouterOptions({}))
  expect(forwarder.consumers()).toMatchObject([{ spec: { key: { name: 'pm-order-fulfilment' } }, batchSize: 100 }])
  await forwarder.close()
})
