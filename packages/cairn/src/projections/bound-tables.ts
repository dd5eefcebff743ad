import type { Generation, PhysicalTable, ProjectionDefinition } from '@cairn/core'

/** A generation's tables with the models of the code: what the database keeps of a model has lost its functions. */
export function boundTables(definition: ProjectionDefinition, generation: Pick<Generation, 'tables'>): readonly PhysicalTable[] {
  return generation.tables.map(({ name, model }) => ({ name, model: definition.tables.get(model.name) ?? model }))
}
