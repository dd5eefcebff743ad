import { noFaults, type DomainFinding, type FaultHook, type LoggerPort, type Registry } from '@cairn/core'
import type { ProjectionHost } from '@cairn/projections'
import type { BackgroundPorts } from '../backend.ts'

export interface AppHostOptions {
  readonly logger: LoggerPort
  readonly faults: FaultHook | undefined
  /** For `--lint`. @default nothing is said of domains */
  readonly lintDomains?: () => readonly DomainFinding[]
  /** @default nothing: what is open belongs to the app */
  readonly close?: () => Promise<void>
}

/** What a rebuild needs of an app; undefined in memory, where there is nothing to build beside. */
export function appProjectionHost(
  registry: Registry,
  { reader, subscriptions, hints, rows, projections }: BackgroundPorts,
  { logger, faults = noFaults, lintDomains, close = () => Promise.resolve() }: AppHostOptions,
): ProjectionHost | undefined {
  if (projections === undefined) return undefined
  return {
    projections: registry.projections,
    reader,
    subscriptions,
    store: projections,
    rows,
    lift: (event) => registry.upcast(event),
    knows: (type) => registry.hasEvent(type),
    lintDomains,
    hints,
    logger,
    faults,
    close,
  }
}
