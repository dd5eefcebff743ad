import { createCairn } from '@cairn/cairn'
import { orderCommands, shop } from '@cairn/example-shop'

const app = await createCairn({ domains: [shop], database: 'memory', defaultTenantId: 'acme' })

const sent: string[] = []
const mailer = await app.subscribe(
  'order-mailer',
  { types: ['order.created', 'order.ready'], from: 'end' },
  async (event, { idempotencyKey }) => {
    if (event.type === 'order.created') sent.push(`${idempotencyKey.split(':')[0]} tells ${event.payload.customerId}`)
  },
)

const lines = [{ sku: 'hammer', quantity: 1, price: 1_995 }]
const { position } = await app.dispatch(orderCommands.create({ customerId: 'ann', lines }))
await mailer.waitFor(position)
if (sent[0] !== 'order-mailer tells ann') throw new Error(sent.join())
await app.stop()
