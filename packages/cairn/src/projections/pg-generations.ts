import { ProjectionNotBuiltError } from '@cairn/core'
import type { PgDatabase } from '@cairn/infra/pg'
import type { BackgroundPorts } from '../backend.ts'
import type { ResolvedCairnOptions } from '../cairn-options.ts'
import { isNotAllowed } from '../is-not-allowed.ts'

/** Generations on PostgreSQL: read as the application, made as the owner where that is allowed. */
export function pgGenerations(
  { PgGenerations, PgProjectionStore }: typeof import('@cairn/infra/pg'),
  db: PgDatabase,
  { schema, migrate, background }: ResolvedCairnOptions,
  ownerUrl: string,
): Pick<BackgroundPorts, 'generations' | 'projections'> {
  const reader = new PgGenerations(db)
  const store = new PgProjectionStore({ url: ownerUrl, schema, faults: background?.faults })
  return {
    projections: store,
    generations: {
      generations: (projection) => reader.generations(projection),
      async ensure(plan) {
        if (!migrate) throw new ProjectionNotBuiltError(plan.projection, plan.version)
        try {
          return await store.ensure(plan)
        } catch (error) {
          throw isNotAllowed(error) ? new ProjectionNotBuiltError(plan.projection, plan.version) : error
        }
      },
    },
  }
}
