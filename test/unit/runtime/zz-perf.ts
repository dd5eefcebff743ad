import { CommandBus, Registry } from '@cairn/core'
import { accountCommands, banking } from './account.ts'
const history = Array.from({ length: 20 }, (_, i) => i === 0 ? { type: 'account.opened', version: 1, schemaVersion: 1, payload: { owner: 'a', currency: 'EUR' } } : { type: 'account.deposited', version: i + 1, schemaVersion: 1, payload: { amount: 1 } })
const now = new Date()
const rec = (stream: any, events: any[], v: number) => events.map((e, i) => ({ ...e, ...stream, version: v + i + 1, position: 1, recordedAt: now }))
const store: any = {
  load: async () => { await tick(); return { version: 20, closed: false, snapshot: undefined, events: history } },
  append: async (r: any) => { await tick(); return { stream: r.stream, events: rec(r.stream, r.events, r.expected), version: r.expected + r.events.length, position: 1, duplicate: false } },
  appendGroup: async (r: any) => { await tick(); let v = r.expected; return { stored: true, results: r.parts.map((p: any) => { const events = rec(r.stream, p.events, v); v += p.events.length; return { stream: r.stream, events, version: v, position: 1, duplicate: false } }) } },
  resultOf: async () => undefined,
}
const tick = () => new Promise((r) => setImmediate(r))
const bus = new CommandBus({ store, models: new Registry([banking]).aggregates, defaultTenantId: 't' })
async function run(n: number, hot: boolean) {
  let left = n
  await Promise.all(Array.from({ length: 100 }, async (_, i) => { while (left-- > 0) await bus.dispatch(accountCommands.deposit({ accountId: hot ? 'x' : 'a' + i, amount: 1 }), { tenantId: 't' }) }))
}
for (const hot of [false, true]) {
  await run(20000, hot)
  for (let k = 0; k < 3; k++) { const s = performance.now(); await run(50000, hot); console.log(hot ? 'hot' : 'distinct', ((performance.now() - s) / 50000 * 1000).toFixed(2), 'us/command') }
}
