export { columnCodec } from './columns/column-codec.ts'
export { column, type Column, type ColumnLike, type ColumnSpec } from './columns/column.ts'
export { bigint, boolean, date, double, integer, json, numeric, text, timestamp, uuid } from './columns/columns.ts'
export { InMemoryRowStore, type InMemoryRowTransaction, type MemoryRow, type RowTransactionOptions } from './in-memory-row-store.ts'
export { changedProjection } from './changed-projection.ts'
export type { InlineTarget, InlineWriter } from './inline-writer.ts'
export { isOfDefinition } from './is-of-definition.ts'
export { lintReadAccess, readAccessRules, type LintOptions, type ReadAccessFinding, type ReadAccessRule } from './lint-read-access.ts'
export type { Projection, ProjectionDefinition, RowChange, RowOperations, RowOperationsByTable } from './projection-definition.ts'
export { projectionFingerprint } from './projection-fingerprint.ts'
export { ProjectionProcessor, type ProjectionProcessorOptions } from './rows/projection-processor.ts'
export { defaultCacheBytes, defaultCacheRows, RowBuffer, type RowBufferOptions } from './rows/row-buffer.ts'
export { RowShape } from './rows/row-shape.ts'
export {
  readerView,
  rowKey,
  rowQuery,
  type ReaderView,
  type RowCondition,
  type RowOperator,
  type RowOrder,
  type RowQuery,
} from './row-query.ts'
export { isReadable, readScope, redact, type ReadScope } from './read-scope.ts'
export { columnKinds, type ColumnKind, type ColumnModel, type RoleAccess, type RowRule, type TableModel } from './table-model.ts'
export { checkTableName, maxRowNameLength } from './tables/names.ts'
export { allRows, ownRows, type ReadRule } from './tables/read-access.ts'
export {
  table,
  type Columns,
  type FoldedRow,
  type KeyNames,
  type KeyOption,
  type NewRow,
  type Row,
  type RowChanges,
  type RowIncrements,
  type RowKeyOf,
  type Table,
  type TableOptions,
} from './tables/table.ts'
export { toTableModel } from './tables/to-table-model.ts'
