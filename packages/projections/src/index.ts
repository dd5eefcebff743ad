export {
  allRows,
  bigint,
  boolean,
  date,
  double,
  InMemoryRowStore,
  integer,
  json,
  numeric,
  ownRows,
  table,
  text,
  timestamp,
  uuid,
  type Column,
  type FoldedRow,
  type NewRow,
  type Projection,
  type ReadRule,
  type Row,
  type Table,
} from '@cairn/core'
export { projectionConsumer, type ProjectionConsumerOptions } from './consume/projection-consumer.ts'
export { defineProjection } from './define/define-projection.ts'
export { projectionFromFactory, type FactoryOptions, type ProjectionHandler } from './define/projection-from-factory.ts'
export type {
  EventsOfSets,
  Fold,
  Folded,
  FoldedProjection,
  NamedTables,
  OperationsByTable,
  ProjectionHandlers,
  ProjectionOptions,
  ProjectionStart,
  TableOperations,
  TablesOption,
} from './define/projection-types.ts'
export { loadProjections, type ProjectionSource } from './load/load-projections.ts'
export { LoadedProjections } from './load/loaded-projections.ts'
export { createUpdaterFor, type ReadModelUpdaterPort, type UpdaterOptions, type UpdaterReport } from './rows/create-updater.ts'
export { projectEvents, type ProjectedEvents, type ProjectEventsOptions } from './run/project-events.ts'
export type { ProjectionConfig } from './cli/load-host.ts'
export { generationPlan } from './rebuild/generation-plan.ts'
export type { ProjectionHost } from './rebuild/host.ts'
export type { RebuildPlan, RebuildStrategy } from './rebuild/plan.ts'
export type { RebuildOutcome, RebuildPhase, RebuildProgress, RebuildStatus, TableRows } from './rebuild/progress.ts'
export { rebuild, type RebuildReport } from './rebuild/rebuild.ts'
export { defaultTuning, type RebuildOptions, type RebuildTuning } from './rebuild/rebuild-options.ts'
