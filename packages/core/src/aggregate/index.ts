export type { AggregateModel, Decision, DecisionInput, SnapshotModel } from './aggregate-model.ts'
