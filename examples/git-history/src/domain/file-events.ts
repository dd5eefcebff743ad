import { defineEvents } from '@cairn/cairn'
import { z } from 'zod'
import { commitFields, Kind, lineFields } from './fields.ts'

export const fileEvents = defineEvents('file', {
  added: z.object({ ...commitFields, path: z.string(), kind: Kind, ...lineFields }),
  modified: z.object({ ...commitFields, path: z.string(), kind: Kind, ...lineFields }),
  renamed: z.object({ ...commitFields, from: z.string(), path: z.string(), kind: Kind, ...lineFields }),
  deleted: z.object({ ...commitFields, path: z.string(), ...lineFields }),
  // A merge wrote content that none of its parents has.
  merged: z.object({ ...commitFields, path: z.string(), kind: Kind }),
  // A merge chose where the file is, because its parents disagreed.
  settled: z.object({ ...commitFields, path: z.string(), kind: Kind }),
})
