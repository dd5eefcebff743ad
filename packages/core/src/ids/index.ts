export { hashCommand } from './hash-command.ts'
export { newId, withDerivedIds } from './new-id.ts'
export { derivedUuid, isUuid, uuidv7 } from './uuid.ts'
