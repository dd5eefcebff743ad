import { createCairn } from '@cairn/cairn'
import { childSettings } from './child-settings.ts'
import { logger, say, strikeHook } from './fault-plan.ts'
import { sendMails } from './mails.ts'
import { plantFault } from './plants.ts'
import { onDatabase, shopDomains, stepsOf } from './shop-place.ts'

/** A process of the shop: all its projections and the mails. It ends well when its standard input ends. */
const settings = childSettings()
const { database, label, strike } = settings
const faults = strikeHook(strike)
plantFault(settings, faults)
const app = await createCairn({
  domains: shopDomains,
  ...onDatabase(database),
  migrate: false,
  logger,
  background: { ...stepsOf(settings), label, faults },
})
await sendMails(app)
say({ ready: label })
process.stdin.resume()
process.stdin.once('end', () => void app.stop())
