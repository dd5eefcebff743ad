import { relative, resolve } from 'node:path'
import type { ShopApp } from './shop-app.ts'
import type { TemporalServer } from './temporal-server.ts'

export interface Whereabouts {
  /** The data folder; undefined for a database that others run. */
  readonly folder: string | undefined
  /** SQL that shows what is stored. */
  readonly queries: readonly string[]
  /** Where its workflows are, with a Temporal that outlives the demo. */
  readonly temporal: string | undefined
}

export function whereToLook(app: ShopApp, server: TemporalServer | undefined, from: string): Whereabouts {
  const { dataDir, schema = 'cairn' } = app.database
  return {
    folder: dataDir === undefined ? undefined : shorter(dataDir, from),
    queries: [
      `select type, status, count(*) from ${schema}.commands where metadata is not null group by 1, 2`,
      `select * from ${schema}.process_instances where instance_id = 'order-00001'`,
      `select * from ${schema}.process_instances_waiting`,
    ],
    temporal: server === undefined || server.own ? undefined : `temporal workflow list --address ${server.address}`,
  }
}

function shorter(path: string, from: string): string {
  const here = relative(from, resolve(path))
  return here !== '' && !here.startsWith('..') ? here : resolve(path)
}
