import type { System } from '../contestants/contestant.ts'
import type { Row } from '../rows/row.ts'
import { plainTable } from '../report/plain-table.ts'
import { ChildSystem } from '../runner/child-system.ts'
import type { Databases } from '../runner/databases.ts'
import { countedStatements, startCounting } from './server-statements.ts'

export interface ProfileOptions {
  readonly row: Row
  readonly system: System
  readonly seconds: number
  readonly databases: Databases
  readonly file: string
  onStep(text: string): void
}

/** One system alone in one row, under the profiler; prints where its process spends its time. */
export async function runProfile({ row, system, seconds, databases, file, onStep }: ProfileOptions): Promise<void> {
  const url = await databases.create(`profile_${system}`)
  const child = new ChildSystem(system)
  try {
    onStep(`${system}: migrate and seed`)
    const variants = await child.ask({ ask: 'prepare', system, url, schema: databases.schema, row })
    const variant = variants[0]?.name
    if (variant === undefined) throw new Error(`${system} does not take part in ${row.id}.`)
    await databases.settle(url)
    const counting = await startCounting(url)
    onStep(`${system}: ${seconds} s under the profiler`)
    const result = await child.ask({ ask: 'profile', variant, seconds, file })
    if (result.failed > 0) throw new Error(`${result.failed} callers failed: ${result.firstError}`)
    const rate = result.operations / result.seconds
    const perOperation = (result.cpuShare / rate) * 1e6
    console.log(`${system} (${variant}), ${row.title}`)
    console.log(`${Math.round(rate).toLocaleString('en-US')} ${row.unit} under the profiler`)
    console.log(
      `${(result.cpuShare * 100).toFixed(0)} % of a core in this process, ${perOperation.toFixed(0)} µs each; the rest is PostgreSQL's\n`,
    )
    console.log('JavaScript, by package:')
    console.log(
      plainTable(
        ['share', 'package'],
        [0],
        result.packages.map(({ share, name }) => [`${(share * 100).toFixed(1)} %`, name]),
      ),
    )
    console.log('\nJavaScript, by the time spent in a function itself:')
    const lines = result.selfTimes.map(({ share, name, where }) => [`${(share * 100).toFixed(1)} %`, name.slice(0, 40), where.slice(-64)])
    console.log(plainTable(['self', 'function', 'where'], [0], lines))
    if (counting) {
      const statements = (await countedStatements(url)).filter((s) => s.totalMs > 1)
      console.log('\nPostgreSQL, by total time; a function includes the statements in it:')
      const counted = statements.map((s) => [
        s.totalMs.toFixed(0),
        s.calls.toLocaleString('en-US'),
        s.meanMicroseconds.toFixed(1),
        s.text.slice(0, 90),
      ])
      console.log(plainTable(['ms', 'calls', 'µs each', 'statement'], [0, 1, 2], counted))
    } else {
      console.log('\nPostgreSQL: no figures; start it with pg_stat_statements (track = all), or leave --url out.')
    }
    console.log(`\nThe whole profile, for Chrome's DevTools: ${file}`)
  } finally {
    await child.close()
    await databases.drop(url)
  }
}
