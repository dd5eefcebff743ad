import { databaseVariable } from './database-variable.ts'
import type { DemoReport } from './run-demo.ts'
import { heading, table, type Screen } from './screen.ts'

export function showReport(screen: Screen, report: DemoReport): void {
  const { orders, shipped, cancelled, compensated, invoices, waiting, seconds, look } = report
  heading(screen, 'Ends', `${orders} orders in all; this run took ${seconds} s`)
  screen.print(
    table(
      ['end', 'orders', 'why'],
      [
        ['shipped', String(shipped), 'billed, and paid'],
        ['compensated', String(compensated), 'the payment failed: invoice and order were taken back'],
        ['cancelled', String(cancelled), 'not ready in time: the timer fired'],
        ['under way', String(waiting.length), waiting.length === 0 ? '' : `the first: ${waiting[0]?.orderId} waits for ${waiting[0]?.for}`],
      ],
    ),
  )
  heading(screen, 'Invoices', 'counted in the log')
  screen.print(
    table(
      ['invoices', 'count', ''],
      [
        ['created', String(invoices.created), `one for each order that was ready`],
        ['paid', String(invoices.paid), ''],
        ['voided', String(invoices.voided), ''],
        ['twice', String(invoices.twice), invoices.twice === 0 ? 'none, as it must be' : 'orders with more than one: this is a bug'],
      ],
    ),
  )
  heading(screen, 'Where to look')
  screen.print(
    look.folder === undefined
      ? `  The data is in the database of ${databaseVariable()}.`
      : `  The data is in ${look.folder}, and stays; --reset deletes it.`,
  )
  for (const query of look.queries) screen.print(`    ${query}`)
  if (look.temporal !== undefined) screen.print(`    ${look.temporal}`)
  screen.print('  Run it again, with the other scheduler if you like: it goes on from here.')
}
