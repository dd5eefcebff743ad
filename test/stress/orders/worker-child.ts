import { say } from '../projections/fault-plan.ts'
import { openBank } from './bank.ts'
import { ordersChildSettings } from './child-settings.ts'
import { plantInSteps } from './plant.ts'
import { startShop } from './start-shop.ts'

/** A worker of the shop, or the process that hands its rows to Temporal. It ends well when its standard input ends. */
const settings = ordersChildSettings()
await plantInSteps(settings)
const app = await startShop(settings)
await openBank(app)
say({ ready: settings.label })
process.stdin.resume()
process.stdin.once('end', () => void app.stop().finally(() => process.exit()))
