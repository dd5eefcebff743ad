export type { ProjectionDefinition, RowOperations, RowOperationsByTable } from './projection-definition.ts'
export { columnKinds, type ColumnKind, type ColumnModel, type RoleAccess, type RowRule, type TableModel } from './table-model.ts'
