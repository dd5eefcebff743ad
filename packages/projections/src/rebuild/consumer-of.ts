import { projectionFingerprint, type Consumer, type Generation, type ProjectionDefinition, type RowStorePort } from '@cairn/core'
import { projectionConsumer } from '../consume/projection-consumer.ts'

export interface BuildMemory {
  /** Rows of each table of a partition that stay in memory. */
  readonly cacheRows: number
  /** About how many bytes they may take. */
  readonly cacheBytes: number
}

/** What feeds a generation while it is built. It goes by the generation's fingerprint, which a side build has of its own. */
export function consumerOf(
  definition: ProjectionDefinition,
  generation: Generation,
  rows: Pick<RowStorePort, 'load'>,
  memory: BuildMemory,
): Consumer {
  const consumer = projectionConsumer({ definition, generation, rows, ...memory, rebuilding: true })
  return { ...consumer, spec: { ...consumer.spec, fingerprint: generation.fingerprint } }
}

export const fingerprintOf = projectionFingerprint
