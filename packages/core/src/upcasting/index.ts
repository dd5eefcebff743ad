export { readStored, upcast } from './upcast.ts'
export { versionedSchema, type VersionedSchema } from './versioned-schema.ts'
