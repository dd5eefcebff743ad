import type { z } from 'zod'

/** How a schema was made. zod documents `_zod.def` for libraries that read schemas. */
export function definitionOf(schema: z.core.$ZodType): z.core.$ZodTypes['_zod']['def'] {
  // oxlint-disable-next-line no-underscore-dangle -- zod's name
  return (schema as z.core.$ZodTypes)._zod.def
}
