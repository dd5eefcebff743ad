import { ShopRig } from '../projections/shop-rig.ts'
import type { CheckDatabase } from '../support/check-database.ts'
export async function one(database: CheckDatabase, o: { events: number }, step: (s: string) => void) {
  const rig = await ShopRig.open(database, { seed: 1 })
  await rig.writer.write(o.events)
  step('written')
  const t = performance.now()
  const child = rig.startShop('large')
  await child.said('ready')
  step('ready')
  const failure = await Promise.race([rig.catchUp(child), new Promise((r) => setTimeout(r, 15000, 'timeout'))])
  step('caught up ' + (performance.now() - t))
  const end = await child.kill()
  await rig.close()
  return { failure, end }
}
