/** Rows of the read side: what follows the log, where the other rows write it. */
export const readRows = [
  { id: 'rebuild', title: 'a projection built anew from the log (--events, --rows, --emmett-events, --peer-events, --memory)' },
  { id: 'tail', title: 'append to visible row, in open loop (--rate, --tail-seconds)' },
  { id: 'fan-out', title: 'many projections at the head read the log once (--projections)' },
  { id: 'async', title: 'stored commands carried out, against bare jobs of pg-boss (--async-commands)' },
  { id: 'temporal', title: 'stored commands through Temporal, against bare workflows (--temporal-commands)' },
] as const

export type ReadRowId = (typeof readRows)[number]['id']

export const readRowIds: readonly string[] = readRows.map((row) => row.id)

export function isReadRowId(id: string): id is ReadRowId {
  return readRowIds.includes(id)
}
