export { hashCommand } from './hash-command.ts'
export { newId, withDerivedIds, withDerivedIdsFrom } from './new-id.ts'
export { derivedUuid, isUuid, uuidv7 } from './uuid.ts'
