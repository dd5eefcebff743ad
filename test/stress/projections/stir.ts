import type { FaultPoint } from '@cairn/core'
import type { ShopRig } from './shop-rig.ts'

/** Makes leases change hands, and events be parked again, where that is what is waited for; until it has come. */
export async function stir(rig: ShopRig, point: FaultPoint, come: Promise<unknown>): Promise<void> {
  const moves = point === 'lease-released' || point === 'lease-taken'
  const over = come.then(() => true)
  for (let turn = 0; ; turn++) {
    const pause = new Promise<false>((resolve) => setTimeout(resolve, 300, false))
    if (await Promise.race([over, pause])) break
    if (point === 'event-parked') await rig.retryParked()
    if (moves) await rig.moveMails(turn % 2 === 0 ? 'pause' : 'resume')
  }
  if (moves) await rig.moveMails('resume')
}
