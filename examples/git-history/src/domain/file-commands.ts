import { creates, defineCommands } from '@cairn/cairn'
import { z } from 'zod'
import { commitFields, Kind, lineFields } from './fields.ts'

export const fileCommands = defineCommands('file', {
  add: creates(z.object({ ...commitFields, path: z.string(), kind: Kind, ...lineFields })),
  modify: z.object({ ...commitFields, path: z.string(), kind: Kind, ...lineFields }),
  rename: z.object({ ...commitFields, from: z.string(), path: z.string(), kind: Kind, ...lineFields }),
  delete: z.object({ ...commitFields, path: z.string(), ...lineFields }),
  merge: z.object({ ...commitFields, path: z.string(), kind: Kind }),
  settle: z.object({ ...commitFields, path: z.string(), kind: Kind }),
})
