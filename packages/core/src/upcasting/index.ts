export { readStored, upcast } from './upcast.ts'
export { versionedSchema, type ReadOptions, type VersionedSchema } from './versioned-schema.ts'
